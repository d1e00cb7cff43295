// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.machine;

import java.lang.reflect.Constructor;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Executor;

/// Threads that take turns: one of them runs at a time, and a seed says which one goes on whenever one waits or yields.
///
/// They are virtual threads on an executor of our own, so code that blocks runs here unchanged as long as it waits for locks of
/// `java.util.concurrent` and not for real time; a contended `synchronized` would hand the turn to a thread of the JDK's. The JDK offers
/// such an executor to its own tests only, hence the reflection and `--add-opens java.base/java.lang=ALL-UNNAMED`.
public final class Turns {
    private final SplittableRandom random;
    private final List<Runnable> ready = new ArrayList<>();
    private final Thread.Builder.OfVirtual threads;
    private int running;
    private final List<RuntimeException> failures = new ArrayList<>();

    public Turns(SplittableRandom random) {
        this.random = random;
        this.threads = builder(ready::add);
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
        threads.start(() -> {
            try {
                body.run();
            } catch (RuntimeException e) {
                failures.add(e);
            } finally {
                running--;
            }
        });
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
            ready.remove(random.nextInt(ready.size())).run();
        }
        rethrow();
    }

    private void rethrow() {
        if (!failures.isEmpty()) {
            throw failures.getFirst();
        }
    }
}
