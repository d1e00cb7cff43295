// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.workflow;

import io.redoubt.core.fault.Fault;
import io.redoubt.core.fault.FaultException;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One operation carried on from where its table says it is, to its end.
final class Run<I> {
    private static final Logger LOG = LoggerFactory.getLogger(Run.class);

    /// Unforeseen errors of one step before the operation is walked back.
    private static final int SURPRISES_MAX = 6;

    /// Tries of one undo; then the operation ends as failed with what is left named.
    private static final int UNDO_TRIES_MAX = 60;

    private static final Duration UNDO_PAUSE = Duration.ofSeconds(1);
    private static final Duration SURPRISE_PAUSE = Duration.ofMillis(300);

    /// How long a gap of the database is bridged before the run gives the operation back to the scheduler.
    private static final Duration DATABASE_GAP_MAX = Duration.ofSeconds(60);

    private static final Duration DATABASE_PAUSE = Duration.ofMillis(200);

    private final OperationStore store;
    private final Workflow<I> workflow;
    private final String id;
    private final I input;
    private final BooleanSupplier closing;
    private final String runner;

    Run(
            OperationStore store,
            Workflow<I> workflow,
            String id,
            I input,
            BooleanSupplier closing,
            String runner) {
        this.store = store;
        this.workflow = workflow;
        this.id = id;
        this.input = input;
        this.closing = closing;
        this.runner = runner;
    }

    static String newRunner() {
        return UUID.randomUUID().toString();
    }

    /// Returns when the operation has ended.
    ///
    /// @throws Overtaken when another run has it now, or the process is about to end
    void toTheEnd(Operation.State state) throws InterruptedException {
        if (state == Operation.State.RUNNING) {
            Fault failed = forward();
            if (failed == null) {
                end(Operation.State.SUCCEEDED, null);
                return;
            }
            end(Operation.State.UNDOING, failed);
        }
        backward();
        end(Operation.State.FAILED, null);
    }

    private @Nullable Fault forward() throws InterruptedException {
        int first = 0;
        for (List<List<Step<I>>> stage : workflow.stages()) {
            var branches = new ArrayList<FutureTask<@Nullable Fault>>();
            for (List<Step<I>> branch : stage) {
                int from = first;
                branches.add(start(() -> branch(branch, from), stage.size() == 1));
                first += branch.size();
            }
            Fault failed = null;
            for (FutureTask<@Nullable Fault> branch : branches) {
                Fault of = join(branch);
                failed = failed == null ? of : failed;
            }
            if (failed != null) {
                return failed;
            }
        }
        return null;
    }

    private FutureTask<@Nullable Fault> start(Callable<@Nullable Fault> work, boolean here) {
        var task = new FutureTask<@Nullable Fault>(work);
        if (here) {
            task.run();
        } else {
            Thread.ofVirtual().name("op-" + id).start(task);
        }
        return task;
    }

    private static @Nullable Fault join(FutureTask<@Nullable Fault> branch)
            throws InterruptedException {
        try {
            return branch.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException unchecked) {
                throw unchecked;
            }
            if (e.getCause() instanceof InterruptedException) {
                throw new InterruptedException();
            }
            throw new IllegalStateException(e.getCause());
        }
    }

    /// @return the fault that stopped it, or null
    private @Nullable Fault branch(List<Step<I>> steps, int first) throws InterruptedException {
        for (int i = 0; i < steps.size(); i++) {
            Operation.StepState state = current(first + i);
            if (state.state() != Operation.Progress.DONE) {
                Fault failed = step(steps.get(i), first + i, state);
                if (failed != null) {
                    return failed;
                }
            }
        }
        return null;
    }

    private @Nullable Fault step(Step<I> step, int seq, Operation.StepState before)
            throws InterruptedException {
        Instant started = before.startedAt() == null ? Instant.now() : before.startedAt();
        write(
                seq,
                "state = 'running', attempts = attempts + 1, started_at = coalesce(started_at, now())");
        for (int surprises = 1; ; ) {
            Fault fault;
            Duration pause;
            try {
                step.run(input);
                write(seq, "state = 'done', ended_at = now(), note = null");
                return null;
            } catch (FaultException e) {
                requireOpen();
                return failed(seq, e.fault(), e);
            } catch (RetryLater e) {
                fault = e.fault();
                pause = e.pause();
                if (Instant.now().isAfter(started.plus(step.patience()))) {
                    return failed(seq, fault, e);
                }
            } catch (RuntimeException e) {
                requireOpen();
                if (databaseLost(e)) {
                    // Says nothing about the step: what it did may stand, so it is not walked back
                    // for that.
                    pause(DATABASE_PAUSE);
                    continue;
                }
                fault = new WorkflowFault.StepBroke(step.name(), surprises, String.valueOf(e));
                pause = SURPRISE_PAUSE.multipliedBy(surprises);
                if (++surprises > SURPRISES_MAX) {
                    return failed(seq, fault, e);
                }
                LOG.warn("operation {} step {}: trying again", id, step.name(), e);
            }
            write(seq, "note = ?, attempts = attempts + 1", fault.message());
            pause(pause);
        }
    }

    private Fault failed(int seq, Fault fault, Exception cause) throws InterruptedException {
        LOG.warn("operation {} ({}) failed: {}", id, workflow.name(), fault.message(), cause);
        write(seq, "state = 'failed', ended_at = now(), note = ?", fault.message());
        return fault;
    }

    /// Undoes every step that was begun, the last one first.
    private void backward() throws InterruptedException {
        List<Step<I>> steps = workflow.steps();
        for (int seq = steps.size() - 1; seq >= 0; seq--) {
            Operation.StepState state = current(seq);
            if (state.state() == Operation.Progress.WAITING
                    || state.state() == Operation.Progress.UNDONE) {
                continue;
            }
            undo(steps.get(seq), seq);
        }
    }

    private void undo(Step<I> step, int seq) throws InterruptedException {
        for (int tries = 1; ; tries++) {
            try {
                step.undo(input);
                write(seq, "state = 'undone', ended_at = now()");
                return;
            } catch (RuntimeException e) {
                requireOpen();
                LOG.warn("operation {}: undo of {} failed", id, step.name(), e);
                if (tries == UNDO_TRIES_MAX) {
                    write(seq, "state = 'failed', note = ?", "undo failed: " + e.getMessage());
                    return;
                }
                write(seq, "note = ?", "undo tried %d times: %s".formatted(tries, e.getMessage()));
                pause(UNDO_PAUSE);
            }
        }
    }

    private Operation.StepState current(int seq) throws InterruptedException {
        return bridged(() -> store.find(id).orElseThrow(Overtaken::new)).steps().get(seq);
    }

    private void write(int seq, String assignments, Object... values) throws InterruptedException {
        if (!bridged(() -> store.step(id, runner, seq, assignments, values))) {
            throw new Overtaken();
        }
    }

    private void end(Operation.State state, @Nullable Fault fault) throws InterruptedException {
        Operation.Failure failure =
                fault == null
                        ? null
                        : new Operation.Failure(cause(fault), fault.message(), fault.remedy());
        if (!bridged(() -> store.state(id, runner, state, failure))) {
            throw new Overtaken();
        }
    }

    /// A database that is away for a moment is waited for: what was done must not be forgotten.
    private <T> T bridged(Query<T> query) throws InterruptedException {
        Instant until = Instant.now().plus(DATABASE_GAP_MAX);
        while (true) {
            try {
                return query.ask();
            } catch (SQLException e) {
                requireOpen();
                if (Instant.now().isAfter(until)) {
                    throw new IllegalStateException("the database is away", e);
                }
                pause(DATABASE_PAUSE);
            }
        }
    }

    private void pause(Duration time) throws InterruptedException {
        requireOpen();
        Thread.sleep(time);
    }

    /// An error while the process ends says nothing about the step.
    private void requireOpen() {
        if (closing.getAsBoolean() || Thread.currentThread().isInterrupted()) {
            throw new Overtaken();
        }
    }

    /// Connections that broke, a server that ends, no connection within the pool's patience.
    private static boolean databaseLost(Throwable error) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLTransientConnectionException
                    || (cause instanceof SQLException sql
                            && sql.getSQLState() != null
                            && sql.getSQLState().matches("(08|57|53).*"))) {
                return true;
            }
        }
        return false;
    }

    /// `NoRoom` becomes `no-room`.
    static String cause(Fault fault) {
        return fault.getClass()
                .getSimpleName()
                .replaceAll("([a-z0-9])([A-Z])", "$1-$2")
                .toLowerCase(Locale.ROOT);
    }

    interface Query<T> {
        T ask() throws SQLException;
    }

    /// This run has nothing more to say.
    static final class Overtaken extends RuntimeException {}
}
