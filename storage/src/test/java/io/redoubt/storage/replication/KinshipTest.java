// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import static io.redoubt.storage.replication.Kinship.JOURNAL_DIVERGED;
import static io.redoubt.storage.replication.Kinship.JOURNAL_LEFT_BEHIND;
import static io.redoubt.storage.replication.Kinship.SAME;
import static io.redoubt.storage.replication.Kinship.SIBLINGS;
import static io.redoubt.storage.replication.Kinship.SOURCE_DIVERGED;
import static io.redoubt.storage.replication.Kinship.SOURCE_LEFT_BEHIND;
import static io.redoubt.storage.replication.Kinship.STRANGERS;
import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.VolumeId;
import io.redoubt.storage.journal.Fork;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/// I13: all pairs of small histories, each with what really happened to it.
class KinshipTest {
    private static final VolumeId ONE = new VolumeId("one");
    private static final VolumeId TWO = new VolumeId("two");
    private static final int NUMBERS = 3;

    /// A side: what it calls itself, who its parent is (0 for nobody), where it left it, and how far it is now.
    private record Side(int name, int parent, long leftAt, long one, long two) {
        History history() {
            return new History(
                    new UUID(0, name),
                    parent == 0
                            ? null
                            : new Fork(new UUID(0, parent), 9, Map.of(ONE, leftAt, TWO, leftAt)));
        }

        Map<VolumeId, Long> reached() {
            return Map.of(ONE, one, TWO, two);
        }

        boolean wentOnBehind(Side child) {
            return one > child.leftAt || two > child.leftAt;
        }
    }

    private static List<Side> sides() {
        var sides = new ArrayList<Side>();
        for (int name = 1; name <= 3; name++) {
            for (int parent = 0; parent <= 3; parent++) {
                if (parent == name) {
                    continue;
                }
                for (long leftAt = 0; leftAt < (parent == 0 ? 1 : NUMBERS); leftAt++) {
                    for (long one = 0; one < NUMBERS; one++) {
                        for (long two = 0; two < NUMBERS; two++) {
                            sides.add(new Side(name, parent, leftAt, one, two));
                        }
                    }
                }
            }
        }
        return sides;
    }

    private static Kinship expected(Side source, Side journal) {
        if (source.name == journal.name) {
            return SAME;
        }
        if (journal.parent == source.name) {
            return source.wentOnBehind(journal) ? SOURCE_DIVERGED : SOURCE_LEFT_BEHIND;
        }
        if (source.parent == journal.name) {
            return journal.wentOnBehind(source) ? JOURNAL_DIVERGED : JOURNAL_LEFT_BEHIND;
        }
        return source.parent != 0 && source.parent == journal.parent ? SIBLINGS : STRANGERS;
    }

    @Test
    void every_pair_of_small_histories_is_told_apart() {
        var met = EnumSet.noneOf(Kinship.class);
        for (Side source : sides()) {
            for (Side journal : sides()) {
                Kinship kinship =
                        Kinship.decide(
                                source.history(),
                                source.reached(),
                                journal.history(),
                                journal.reached());
                assertThat(kinship)
                        .as("source %s, journal %s", source, journal)
                        .isEqualTo(expected(source, journal));
                assertThat(source.history().isRelatedTo(journal.history()))
                        .isEqualTo(kinship != STRANGERS);
                met.add(kinship);
            }
        }
        assertThat(met).containsExactlyInAnyOrderElementsOf(Arrays.asList(Kinship.values()));
    }

    /// A volume that the fork does not know joined one side behind it.
    @Test
    void a_volume_that_only_one_side_has_is_a_change_of_that_side() {
        History child = new History(new UUID(0, 2), new Fork(new UUID(0, 1), 9, Map.of(ONE, 5L)));
        History parent = History.first(new UUID(0, 1));
        assertThat(Kinship.decide(parent, Map.of(ONE, 5L, TWO, 1L), child, Map.of()))
                .isEqualTo(SOURCE_DIVERGED);
        assertThat(Kinship.decide(parent, Map.of(ONE, 5L, TWO, 0L), child, Map.of()))
                .isEqualTo(SOURCE_LEFT_BEHIND);
    }

    @Test
    void every_refusal_names_what_each_side_has_and_what_to_do() {
        History parent = History.first(new UUID(0, 1));
        History child = new History(new UUID(0, 2), new Fork(parent.lineage(), 9, Map.of(ONE, 5L)));
        Frame.Refusal told =
                Refusals.of(SOURCE_DIVERGED, parent, Map.of(ONE, 13L, TWO, 5L), child, Map.of());
        assertThat(told.what())
                .contains("from point 9")
                .contains("volume one at most 4 KiB, volume two at most 3 KiB");
        assertThat(told.remedy()).contains("nothing is overwritten by itself");
        assertThat(told.promotedTerm()).isZero();
    }
}
