// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;

/// Seeds that were lived, as many at once as there are processors.
///
/// @param failures     with the command that lives one again
/// @param meanCpuNanos of a seed
public record Lives(List<String> failures, long meanCpuNanos) {
    /// The budget that lets every build run hundreds of lives: as a mean.
    private static final long MEAN_CPU_NANOS_MAX = 100_000_000L;

    public Lives {
        failures = List.copyOf(failures);
    }

    public static Lives of(World world, long from, long count) {
        var next = new AtomicLong(from);
        var cpu = new AtomicLong();
        var failures = new ConcurrentLinkedQueue<String>();
        int threads = Runtime.getRuntime().availableProcessors();
        try (var running = Executors.newFixedThreadPool(threads)) {
            for (int i = 0; i < threads; i++) {
                running.execute(() -> {
                    ThreadMXBean clock = ManagementFactory.getThreadMXBean();
                    long before = clock.getCurrentThreadCpuTime();
                    for (long seed = next.getAndIncrement();
                            seed < from + count;
                            seed = next.getAndIncrement()) {
                        live(world, seed, failures);
                    }
                    cpu.addAndGet(clock.getCurrentThreadCpuTime() - before);
                });
            }
        }
        return new Lives(List.copyOf(failures), cpu.get() / count);
    }

    private static void live(World world, long seed, ConcurrentLinkedQueue<String> failures) {
        try {
            long _ = world.run(seed, false);
        } catch (RuntimeException | Error e) {
            failures.add(
                    "seed %d: %s%n  replay: ./redoubt sim --world %s --seed %d"
                            .formatted(seed, e.getMessage(), world.word(), seed));
        }
    }

    public void requireNoFailure() {
        assertThat(failures).as("failing seeds").isEmpty();
    }

    public void requireCheap() {
        System.out.printf("a seed costs %.1f ms of CPU%n", meanCpuNanos / 1e6);
        assertThat(meanCpuNanos)
                .as("mean CPU nanoseconds of a seed")
                .isLessThan(MEAN_CPU_NANOS_MAX);
    }
}
