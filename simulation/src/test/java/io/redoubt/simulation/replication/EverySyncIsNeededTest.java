// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.simulation.journal.JournalWorld;
import io.redoubt.simulation.machine.SyncLedger;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Each sync call of the journal and of the source is taken out in turn: some seed must find the loss. The sites are not written down
/// here but seen, so a new sync is judged from its first day.
@Tag("long")
class EverySyncIsNeededTest {
    static {
        Quiet.storage();
    }

    private static final int LOOKING_SEEDS = 30;
    private static final int SEEDS_MAX = 4000;
    private static final List<String> JUDGED =
            List.of("io.redoubt.storage.journal.", "io.redoubt.storage.replication.");

    static Stream<String> sites() {
        Set<String> sites = new TreeSet<>();
        for (long seed = 1; seed <= LOOKING_SEEDS; seed++) {
            var ledger = new SyncLedger();
            new GroupWorld(seed, ledger).run();
            new JournalWorld(seed, ledger).run();
            sites.addAll(ledger.sites());
        }
        return sites.stream().filter(s -> JUDGED.stream().anyMatch(s::startsWith));
    }

    @ParameterizedTest
    @MethodSource("sites")
    void without_this_sync_a_seed_finds_a_loss(String site) {
        for (long seed = 1; seed <= SEEDS_MAX; seed++) {
            String forgotten = RoleMemoryCrashTest.run(seed, new SyncLedger(site));
            if (!forgotten.isEmpty()) {
                System.out.printf("%s: seed %d: %s%n", site, seed, forgotten);
                return;
            }
            try {
                if (site.startsWith(JUDGED.getFirst())) {
                    new JournalWorld(seed, new SyncLedger(site)).run();
                }
                new GroupWorld(seed, new SyncLedger(site)).run();
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
    void the_syncs_of_both_sides_are_seen() {
        List<String> seen = new ArrayList<>(sites().toList());
        for (String part : JUDGED) {
            assertThat(seen).as("syncs in %s", part).anyMatch(s -> s.startsWith(part));
        }
    }
}
