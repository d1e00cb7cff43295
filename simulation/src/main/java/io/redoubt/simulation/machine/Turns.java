// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.machine;

import java.lang.reflect.Constructor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/// Threads that take turns: one of them runs at a time, and a seed says which one goes on whenever one waits or yields.
///
/// They are virtual threads on an executor of our own, so code that blocks runs here unchanged as long as it waits for locks of
/// `java.util.concurrent` and not for real time. A monitor of the JDK's own may be held by another world of this process for a moment: the
/// thread that meets it keeps its turn until it has it. The JDK offers such an executor to its own tests only, hence the reflection and `--add-opens java.base/java.lang=ALL-UNNAMED`.
public final class Turns {
    private final SplittableRandom random;
    private static final Set<Thread.State> AT_REST =
            EnumSet.of(Thread.State.WAITING, Thread.State.TIMED_WAITING, Thread.State.TERMINATED);
    private static final Duration MONITOR_MAX = Duration.ofSeconds(30);

    private final List<Runnable> ready = new ArrayList<>();
    private final BlockingQueue<Runnable> gotTheirMonitor = new LinkedBlockingQueue<>();
    private final List<Thread> started = new ArrayList<>();
    private final Thread.Builder.OfVirtual threads;
    private int running;
    private final Thread giver = Thread.currentThread();
    private final List<RuntimeException> failures = new ArrayList<>();

    public Turns(SplittableRandom random) {
        this.random = random;
        this.threads = builder(this::goesOn);
    }

    private static Thread.Builder.OfVirtual builder(Executor executor) {
        try {
            Constructor<?> constructor =
                    Class.forName("java.lang.ThreadBuilders$VirtualThreadBuilder")
                            .getDeclaredConstructor(Executor.class);
            constructor.setAccessible(true);
            return (Thread.Builder.OfVirtual) constructor.newInstance(executor);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(
                    "this JDK has no place for an executor of virtual threads", e);
        }
    }

    /// A thread that takes part; it begins with its first turn.
    public void start(Runnable body) {
        running++;
        started.add(
                threads.start(() -> {
                    try {
                        body.run();
                    } catch (RuntimeException e) {
                        failures.add(e);
                    } finally {
                        running--;
                    }
                }));
    }

    /// Lets somebody else have the next turn, or not, as the seed says.
    @SuppressWarnings("ThreadPriorityCheck") // the scheduler is ours, and obeys the seed alone
    public static void pass() {
        Thread.yield();
    }

    /// Gives out turns until every thread has ended.
    ///
    /// @param eachTurn runs before each of them, for the time that passes
    /// @throws Violation when threads wait for each other for ever, or take more turns than this
    public void run(long turnsMax, Runnable eachTurn) {
        for (long turn = 0; running > 0; turn++) {
            rethrow();
            if (ready.isEmpty()) {
                throw new Violation("deadlock: " + running + " threads wait and none can go on");
            }
            if (turn == turnsMax) {
                throw new Violation(
                        "liveness: %d threads have not ended after %d turns"
                                .formatted(running, turnsMax));
            }
            eachTurn.run();
            takeTurn(ready.remove(random.nextInt(ready.size())));
        }
        rethrow();
    }

    /// Called by who gave the turns or has one, or by the JDK when somebody outside has let a monitor go.
    private void goesOn(Runnable turn) {
        Thread caller = Thread.currentThread();
        if (caller.equals(giver) || caller.isVirtual()) {
            ready.add(turn);
        } else {
            gotTheirMonitor.add(turn);
        }
    }

    /// Until its thread waits for another one of these, or yields.
    private void takeTurn(Runnable turn) {
        turn.run();
        while (goingOn() > ready.size()) { // it waits for a monitor that another world holds
            try {
                Runnable rest = gotTheirMonitor.poll(MONITOR_MAX.toMillis(), TimeUnit.MILLISECONDS);
                if (rest == null) {
                    throw new Violation("a thread waits for a monitor for ever: " + started);
                }
                rest.run();
            } catch (InterruptedException e) {
                throw new Violation("the lives were interrupted", e);
            }
        }
    }

    private long goingOn() {
        return started.stream().map(Thread::getState).filter(s -> !AT_REST.contains(s)).count();
    }

    private void rethrow() {
        if (!failures.isEmpty()) {
            throw failures.getFirst();
        }
    }
}
