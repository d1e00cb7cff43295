// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.simulation.Lives;
import io.redoubt.simulation.World;
import io.redoubt.simulation.machine.SyncLedger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Writers that overlap, beside a stream, passes and cuts, see [WritersWorld].
class WritersWorldTest {
    static {
        Quiet.storage();
    }

    private static final int SEEDS = 1000;
    private static final int SEEDS_LONG = 20_000;

    /// I1, I2, I7 and I8.
    @Test
    void a_thousand_seeds_leave_the_same_winner_on_both_sides() {
        Lives.of(World.WRITERS, 1, SEEDS).requireNoFailure();
    }

    @Test
    @Tag("long")
    void twenty_thousand_seeds_leave_the_same_winner_on_both_sides() {
        Lives.of(World.WRITERS, 1, SEEDS_LONG).requireNoFailure();
    }

    /// I35.
    @Test
    void the_same_seed_gives_the_same_trace_twice() {
        for (long seed = 1; seed <= 10; seed++) {
            long first = new WritersWorld(seed, new SyncLedger()).run();
            assertThat(new WritersWorld(seed, new SyncLedger()).run())
                    .as("trace of seed %d", seed)
                    .isEqualTo(first);
        }
    }
}
