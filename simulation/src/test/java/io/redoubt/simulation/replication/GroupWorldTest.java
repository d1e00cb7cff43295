// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.simulation.Lives;
import io.redoubt.simulation.World;
import io.redoubt.simulation.machine.SyncLedger;
import org.junit.jupiter.api.Test;

/// The promises of replication over simulated disks, clocks and networks that fail, see [GroupWorld].
///
/// `-Dseed=N` runs one seed alone.
class GroupWorldTest {
    static {
        Quiet.storage();
    }

    private static final int SEEDS = 1000;

    /// I1 to I5, I7, I9, I12 to I14, I16, I25, I26, I28, and liveness: after the faults the group is in STREAM with a fresh point. Half of the groups have
    /// three sources (B116). A life costs 0.1 s of CPU at most, as a mean.
    @Test
    void a_thousand_seeds_keep_every_promise() {
        String one = System.getProperty("seed");
        if (one != null) {
            new GroupWorld(Long.parseLong(one), new SyncLedger()).run();
            return;
        }
        Lives lives = Lives.of(World.GROUP, 1, SEEDS);
        lives.requireNoFailure();
        lives.requireCheap();
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
