// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.workflow;

import com.github.kagkarlsson.scheduler.Scheduler;
import com.github.kagkarlsson.scheduler.SchedulerName;
import com.github.kagkarlsson.scheduler.serializer.Serializer;
import com.github.kagkarlsson.scheduler.task.ExecutionOperations;
import com.github.kagkarlsson.scheduler.task.TaskInstance;
import com.github.kagkarlsson.scheduler.task.helper.CustomTask;
import com.github.kagkarlsson.scheduler.task.helper.Tasks;
import com.github.kagkarlsson.scheduler.task.schedule.FixedDelay;
import io.redoubt.core.fault.FaultException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.json.JsonMapper;

/// Carries out operations, and takes over those of a process that died.
///
/// [#begin] joins the transaction of a data source that knows one: the operation and what the caller writes beside it become
/// visible together or not at all.
public final class Engine implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Engine.class);

    /// Operations that run at once in this process; more wait their turn in the table.
    private static final int OPERATIONS_MAX = 64;

    private static final Duration POLL = Duration.ofMillis(200);
    private static final Duration HEARTBEAT = Duration.ofSeconds(1);

    /// After so many missed heartbeats another process takes over.
    private static final int MISSED_HEARTBEATS_MAX = 4;

    private static final Duration RETRY = Duration.ofSeconds(1);
    private static final Duration STOP_MAX = Duration.ofSeconds(2);
    private static final int KEPT_DAYS = 30;

    private final OperationStore store;
    private final List<Workflow<?>> workflows;
    private final JsonMapper json = JsonMapper.builder().build();
    private final CustomTask<String> advance;
    private final Scheduler scheduler;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final String name;
    private volatile boolean closing;

    /// @param name names this process among those on the same database, the same over its restarts
    public Engine(DataSource dataSource, List<Workflow<?>> workflows, String name) {
        this.store = new OperationStore(dataSource);
        this.workflows = List.copyOf(workflows);
        this.name = name;
        this.advance =
                Tasks.custom("advance", String.class)
                        .onFailureReschedule(FixedDelay.of(RETRY))
                        .onDeadExecutionRevive()
                        .execute((instance, _) -> {
                            advance(instance);
                            return (_, operations) -> remove(operations);
                        });
        this.scheduler =
                Scheduler.create(dataSource, List.of(advance))
                        .schedulerName(new SchedulerName.Fixed(name))
                        .serializer(new Text())
                        .executorService(threads)
                        .threads(OPERATIONS_MAX)
                        .pollingInterval(POLL)
                        .pollUsingLockAndFetch(0.5, 1.0)
                        .heartbeatInterval(HEARTBEAT)
                        .missedHeartbeatsLimit(MISSED_HEARTBEATS_MAX)
                        .shutdownMaxWait(STOP_MAX)
                        .build();
    }

    /// Starts carrying out. What this process itself left behind in an earlier life goes on at once, without waiting for heartbeats.
    public void start() {
        try {
            store.releasePicked(name);
            store.forgetOlderThan(KEPT_DAYS);
        } catch (SQLException e) {
            throw new IllegalStateException("the database is away", e);
        }
        scheduler.start();
    }

    /// Records the wish; it is carried out soon after the transaction ends. [#nudge] makes it sooner.
    ///
    /// @throws FaultException with [WorkflowFault.KeyReused]
    public <I> Begun begin(Workflow<I> workflow, Request request, I input) {
        try {
            List<String> steps = workflow.steps().stream().map(Step::name).toList();
            boolean fresh =
                    store.insert(request, workflow.name(), json.writeValueAsString(input), steps);
            if (!fresh) {
                return new Begun(
                        findByKey(request.tenant(), request.key(), request.fingerprint())
                                .orElseThrow(),
                        false);
            }
            scheduler.schedule(advance.instance(request.id(), ""), Instant.now());
            return new Begun(require(request.id()), true);
        } catch (SQLException e) {
            throw new DatabaseAway(e);
        }
    }

    /// Looks for due operations now.
    public void nudge() {
        scheduler.triggerCheckForDueExecutions();
    }

    public Optional<Operation> find(String id) {
        try {
            return store.find(id);
        } catch (SQLException e) {
            throw new DatabaseAway(e);
        }
    }

    /// Newest first.
    ///
    /// @param after the id of the last one of the page before, or null
    public List<Operation> list(String tenant, @Nullable String after, int limit) {
        try {
            return store.list(tenant, after, limit);
        } catch (SQLException e) {
            throw new DatabaseAway(e);
        }
    }

    /// Running operations stop where they are; the next start carries them on.
    @Override
    public void close() {
        closing = true;
        scheduler.stop();
        threads.shutdownNow();
    }

    /// The operation that was begun under this key.
    ///
    /// @throws FaultException with [WorkflowFault.KeyReused]
    public Optional<Operation> findByKey(String tenant, String key, String fingerprint) {
        try {
            OperationStore.Known known = store.findByKey(tenant, key).orElse(null);
            if (known == null) {
                return Optional.empty();
            }
            if (!known.fingerprint().equals(fingerprint)) {
                throw new FaultException(new WorkflowFault.KeyReused(key, known.id()));
            }
            return store.find(known.id());
        } catch (SQLException e) {
            throw new DatabaseAway(e);
        }
    }

    private Operation require(String id) throws SQLException {
        return store.find(id).orElseThrow();
    }

    private void advance(TaskInstance<String> instance) {
        String id = instance.getId();
        String runner = Run.newRunner();
        try {
            OperationStore.Claimed claimed = store.claim(id, runner).orElse(null);
            if (claimed == null) {
                return; // ended, or forgotten
            }
            Workflow<?> workflow =
                    workflows.stream()
                            .filter(known -> known.name().equals(claimed.kind()))
                            .findFirst()
                            .orElseThrow(() ->
                                    new IllegalStateException(
                                            "no workflow is named " + claimed.kind()));
            run(workflow, id, claimed, runner);
        } catch (SQLException e) {
            throw new DatabaseAway(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted; the next start carries on", e);
        } catch (Run.Overtaken e) {
            if (closing) {
                throw e; // keep the task: the next start carries on
            }
            LOG.info("operation {} is carried on by another run", id);
        }
    }

    private <I> void run(
            Workflow<I> workflow, String id, OperationStore.Claimed claimed, String runner)
            throws InterruptedException {
        I input = json.readValue(claimed.input(), workflow.input());
        new Run<>(store, workflow, id, input, () -> closing, runner).toTheEnd(claimed.state());
    }

    private static void remove(ExecutionOperations<String> operations) {
        operations.remove();
    }

    /// The database could not be asked.
    public static final class DatabaseAway extends RuntimeException {
        DatabaseAway(SQLException cause) {
            super("the database is away", cause);
        }
    }

    /// Task data is plain text, never a serialised object.
    private static final class Text implements Serializer {
        @Override
        public byte[] serialize(@Nullable Object data) {
            return String.valueOf(data).getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public <T> T deserialize(Class<T> type, byte[] data) {
            return type.cast(new String(data, StandardCharsets.UTF_8));
        }
    }
}
