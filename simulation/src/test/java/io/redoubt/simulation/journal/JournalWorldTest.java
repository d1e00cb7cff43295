// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.simulation.machine.SyncLedger;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// What a journal promises about what it keeps, over disks that fail; see [JournalWorld].
///
/// `-Dseed=N` runs one seed alone.
class JournalWorldTest {
    /// Held, because a logger that nobody holds forgets its level. Thousands of journals run full here.
    private static final Logger STORAGE = Logger.getLogger("io.redoubt.storage");

    static {
        STORAGE.setLevel(Level.OFF);
    }

    private static final int SEEDS = 300;
    private static final int MANY_SEEDS = 20_000;
    private static final int WARM_UP = 30;
    private static final long CPU_NANOS_MEAN_MAX = 100_000_000L;

    /// I5, I16, I17, I18, I24, I25, I29, I31.
    @Test
    void three_hundred_seeds_keep_every_promise() {
        String one = System.getProperty("seed");
        if (one != null) {
            new JournalWorld(Long.parseLong(one), new SyncLedger()).run();
            return;
        }
        assertThat(failures(1, SEEDS)).as("failing seeds").isEmpty();
    }

    @Test
    @Tag("long")
    void twenty_thousand_seeds_keep_every_promise() {
        assertThat(failures(SEEDS + 1, MANY_SEEDS)).as("failing seeds").isEmpty();
    }

    private static List<String> failures(long from, long count) {
        List<String> failures = new ArrayList<>();
        for (long seed = from; seed < from + count; seed++) {
            try {
                new JournalWorld(seed, new SyncLedger()).run();
            } catch (RuntimeException e) {
                failures.add("seed %d: %s".formatted(seed, e.getMessage()));
            }
        }
        return failures;
    }

    @Test
    void a_seed_costs_at_most_a_tenth_of_a_second_of_cpu() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        for (long seed = 1; seed <= WARM_UP; seed++) {
            new JournalWorld(seed, new SyncLedger()).run();
        }
        long before = threads.getCurrentThreadCpuTime();
        for (long seed = 1; seed <= SEEDS; seed++) {
            new JournalWorld(seed, new SyncLedger()).run();
        }
        long mean = (threads.getCurrentThreadCpuTime() - before) / SEEDS;
        System.out.printf("a seed costs %.1f ms of CPU%n", mean / 1e6);
        assertThat(mean).as("mean CPU nanoseconds of a seed").isLessThan(CPU_NANOS_MEAN_MAX);
    }

    /// I35.
    @Test
    void the_same_seed_gives_the_same_trace_twice() {
        for (long seed = 1; seed <= 10; seed++) {
            long first = new JournalWorld(seed, new SyncLedger()).run();
            assertThat(new JournalWorld(seed, new SyncLedger()).run())
                    .as("trace of seed %d", seed)
                    .isEqualTo(first);
        }
    }
}
