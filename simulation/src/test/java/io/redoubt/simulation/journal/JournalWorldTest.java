// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.simulation.Lives;
import io.redoubt.simulation.World;
import io.redoubt.simulation.machine.SyncLedger;
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

    /// I5, I16, I17, I18, I24, I25, I29, I31. A life costs 0.1 s of CPU at most, as a mean.
    @Test
    void three_hundred_seeds_keep_every_promise() {
        String one = System.getProperty("seed");
        if (one != null) {
            new JournalWorld(Long.parseLong(one), new SyncLedger()).run();
            return;
        }
        Lives lives = Lives.of(World.JOURNAL, 1, SEEDS);
        lives.requireNoFailure();
        lives.requireCheap();
    }

    @Test
    @Tag("long")
    void twenty_thousand_seeds_keep_every_promise() {
        Lives.of(World.JOURNAL, SEEDS + 1, MANY_SEEDS).requireNoFailure();
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
