// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.simulation.machine.SyncLedger;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The promises of replication over simulated disks, clocks and networks that fail, see [GroupWorld].
///
/// `-Dseed=N` runs one seed alone.
class GroupWorldTest {
    static {
        Quiet.storage();
    }

    private static final int WARM_UP = 20;
    private static final int SEEDS = 1000;
    private static final int MEASURED = 200;
    private static final long CPU_NANOS_MEAN_MAX = 100_000_000L;

    /// I1 to I5, I7, I9, I12 to I14, I16, I25, I28, and liveness: after the faults the group is in STREAM with a fresh point. Half of the groups have
    /// three sources (B116).
    @Test
    void a_thousand_seeds_keep_every_promise() {
        String one = System.getProperty("seed");
        if (one != null) {
            new GroupWorld(Long.parseLong(one), new SyncLedger()).run();
            return;
        }
        List<String> failures = new ArrayList<>();
        for (long seed = 1; seed <= SEEDS; seed++) {
            try {
                new GroupWorld(seed, new SyncLedger()).run();
            } catch (RuntimeException e) {
                failures.add(
                        "seed %d: %s%n  replay: ./redoubt sim --seed %d"
                                .formatted(seed, e.getMessage(), seed));
            }
        }
        assertThat(failures).as("failing seeds").isEmpty();
    }

    /// The budget that lets every build run hundreds of lives: 0.1 s of CPU for each, as a mean, once the code is warm.
    @Test
    void a_seed_costs_at_most_a_tenth_of_a_second_of_cpu() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        for (long seed = 1; seed <= WARM_UP; seed++) {
            new GroupWorld(seed, new SyncLedger()).run();
        }
        long before = threads.getCurrentThreadCpuTime();
        for (long seed = 1; seed <= MEASURED; seed++) {
            new GroupWorld(seed, new SyncLedger()).run();
        }
        long mean = (threads.getCurrentThreadCpuTime() - before) / MEASURED;
        System.out.printf("a seed costs %.1f ms of CPU%n", mean / 1e6);
        assertThat(mean).as("mean CPU nanoseconds of a seed").isLessThan(CPU_NANOS_MEAN_MAX);
    }

    /// I35.
    @Test
    void the_same_seed_gives_the_same_trace_twice() {
        for (long seed = 1; seed <= 10; seed++) {
            long first = new GroupWorld(seed, new SyncLedger()).run();
            assertThat(new GroupWorld(seed, new SyncLedger()).run())
                    .as("trace of seed %d", seed)
                    .isEqualTo(first);
        }
    }

    @Test
    void different_seeds_live_different_lives() {
        assertThat(new GroupWorld(1, new SyncLedger()).run())
                .isNotEqualTo(new GroupWorld(2, new SyncLedger()).run());
    }
}
