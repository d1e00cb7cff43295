// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/// The same work for many things, several at a time.
final class AtOnce {
    private AtOnce() {}

    /// Returns when all are done, also those after one that failed.
    ///
    /// @param threads at most so many at a time
    /// @throws RuntimeException the failure of the first in the list that failed
    static <T> void each(int threads, List<T> things, Consumer<T> work) {
        List<Callable<Boolean>> jobs =
                things.stream()
                        .<Callable<Boolean>>map(thing ->
                                () -> {
                                    work.accept(thing);
                                    return true;
                                })
                        .toList();
        try (var pool =
                Executors.newFixedThreadPool(
                        threads, Thread.ofPlatform().daemon().name("start-", 0).factory())) {
            for (Future<Boolean> job : pool.invokeAll(jobs)) {
                var _ = job.get();
            }
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException failure -> throw failure;
                case Error failure -> throw failure;
                case null, default -> throw new IllegalStateException(e);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while volumes were opened", e);
        }
    }
}
