// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.List;

/// Seeds that were lived one after the other in this thread.
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
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        var failures = new ArrayList<String>();
        long before = threads.getCurrentThreadCpuTime();
        for (long seed = from; seed < from + count; seed++) {
            try {
                long _ = world.run(seed, false);
            } catch (RuntimeException e) {
                failures.add(
                        "seed %d: %s%n  replay: ./redoubt sim --world %s --seed %d"
                                .formatted(seed, e.getMessage(), world.word(), seed));
            }
        }
        return new Lives(failures, (threads.getCurrentThreadCpuTime() - before) / count);
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
