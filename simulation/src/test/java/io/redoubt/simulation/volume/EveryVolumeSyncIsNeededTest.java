// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.volume;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.simulation.machine.SyncLedger;
import java.util.Set;
import java.util.TreeSet;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Each sync call of a volume's layers is taken out in turn: some seed of the whole stack must find the loss. The sites are not written
/// down here but seen, so a new sync is judged from its first day.
@Tag("long")
class EveryVolumeSyncIsNeededTest {
    /// Held, because a logger that nobody holds forgets its level.
    private static final Logger STORAGE = Logger.getLogger("io.redoubt.storage");

    static {
        STORAGE.setLevel(Level.OFF);
    }

    private static final int LOOKING_SEEDS = 80;

    /// The rarest is found by one in three thousand: saved data must lose a whole segment, grow by it again, and lose the power before it
    /// settles.
    private static final int SEEDS_MAX = 6000;

    /// Proved in `DatastoreCrashTest`: they keep room from a stranger on the same file system, and here is none.
    private static final String ROOM = "io.redoubt.storage.pool.";

    static Stream<String> sites() {
        Set<String> sites = new TreeSet<>();
        for (long seed = 1; seed <= LOOKING_SEEDS; seed++) {
            var ledger = new SyncLedger();
            new VolumeWorld(seed, ledger).run();
            sites.addAll(ledger.sites());
        }
        return sites.stream().filter(site -> site.startsWith("io.redoubt.storage."));
    }

    static Stream<String> judged() {
        return sites().filter(site -> !site.startsWith(ROOM));
    }

    @ParameterizedTest
    @MethodSource("judged")
    void without_this_sync_a_seed_finds_a_loss(String site) {
        for (long seed = 1; seed <= SEEDS_MAX; seed++) {
            try {
                new VolumeWorld(seed, new SyncLedger(site)).run();
            } catch (RuntimeException found) {
                System.out.printf("%s: seed %d: %s%n", site, seed, found.getMessage());
                return;
            }
        }
        throw new AssertionError(
                "%d seeds find nothing when the sync at %s is taken out: it is not needed, or the simulation lacks a fault"
                        .formatted(SEEDS_MAX, site));
    }

    /// Keeps the list above honest: a filter that matches nothing would prove nothing.
    @Test
    void the_syncs_of_every_layer_are_seen() {
        Set<String> seen = new TreeSet<>(sites().toList());
        for (String layer : new String[] {"block.", "snapshot.", "atrest.", "pool."}) {
            assertThat(seen).as(layer).anyMatch(s -> s.startsWith("io.redoubt.storage." + layer));
        }
    }
}
