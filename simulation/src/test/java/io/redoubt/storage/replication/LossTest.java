// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.simulation.machine.SimDisk;
import io.redoubt.simulation.machine.SimHost;
import io.redoubt.simulation.machine.SimTime;
import io.redoubt.simulation.machine.SyncLedger;
import io.redoubt.storage.journal.Journal;
import io.redoubt.storage.journal.RecoveryPoint;
import io.redoubt.storage.journal.WritesBehind.Count;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// A91, B119: what a failover gives up, in writes and bytes.
class LossTest {
    private static final int BLOCKS = 256;
    private static final SourceLimits LIMITS =
            new SourceLimits(1 << 20, 128 << 10, 16 << 10, 256 << 10, 3, 1 << 20);

    private final SimTime time = new SimTime();
    private final SimDisk far =
            new SimHost(new SplittableRandom(2), time, new SyncLedger()).disk("journal");
    private final OneGroup group = new OneGroup(time, LIMITS, BLOCKS, far);

    private RecoveryPoint protectedPoint() {
        group.write(0, 1);
        group.connect();
        group.settle();
        for (int i = 0; i < 5; i++) {
            group.write(i, 2);
        }
        group.settle();
        return group.journal.points().getLast();
    }

    private Loss.OfVolume loss(RecoveryPoint point) {
        return Objects.requireNonNull(
                group.lossBehind(point.number()).volumes().get(OneGroup.VOLUME));
    }

    @Test
    void what_arrived_behind_the_point_is_counted_and_what_did_not_is_known_from_the_last_word() {
        RecoveryPoint point = protectedPoint();
        assertThat(loss(point).arrived()).isEqualTo(Count.NONE);
        assertThat(loss(point).missingBytes()).isZero();

        for (int i = 0; i < 7; i++) {
            group.write(10 + i, 3);
        }
        group.volume.write(21 * 4096 - 1, ByteBuffer.wrap(new byte[] {1, 2})); // touches two blocks
        group.volume.zero(30 * 4096, 8 * 4096);
        group.turn(1 << 20);
        assertThat(loss(point).arrived()).isEqualTo(new Count(9, (7 + 2 + 8) * 4096));
        assertThat(group.lossBehind(point.number()).isComplete()).isTrue();

        group.write(50, 4);
        group.write(51, 4);
        assertThat(loss(point).missingBytes()).as("nobody has said so").isZero();
        group.hear(group.source.heartbeat());
        assertThat(loss(point).missingBytes())
                .as("of two writes with their headers")
                .isBetween(2 * 4096L, 2 * 4096L + 2 * Word.UNIT);

        // Once the source can be read, all of it is known.
        assertThat(group.volume.differences().spooledAbove(loss(point).through()))
                .isEqualTo(new Count(2, 2 * 4096));
    }

    /// The log's segments have room for some 250 of these.
    @Test
    void writes_are_counted_over_all_segments_since_the_point() {
        RecoveryPoint point = protectedPoint();
        for (int i = 0; i < 600; i++) {
            group.write(i % BLOCKS, i);
            group.turn(1 << 20);
        }
        assertThat(loss(point).arrived()).isEqualTo(new Count(600, 600 * 4096));
        assertThat(group.lossBehind(point.number()).isComplete()).isTrue();
    }

    /// A death takes nothing of the account away.
    @Test
    void the_account_is_the_same_after_a_start_of_both_sides() {
        RecoveryPoint point = protectedPoint();
        for (int i = 0; i < 7; i++) {
            group.write(10 + i, 3);
        }
        group.turn(1 << 20);
        group.write(50, 4);
        group.hear(group.source.heartbeat());
        Loss.OfVolume before = loss(point);
        group.restart();
        Journal again = Journal.open(far, OneGroup.LINEAGE, OneGroup.JOURNAL);
        assertThat(again.writesBehind(point.number()).volumes())
                .containsEntry(OneGroup.VOLUME, before.arrived());
        assertThat(group.volume.differences().spooledAbove(loss(point).through()))
                .isEqualTo(new Count(1, 4096));
    }

    /// What a pass brought was several writes, and nobody knows how many.
    @Test
    void behind_a_pass_it_is_at_least_that() {
        RecoveryPoint point = protectedPoint();
        group.volume.passes().need("full", false);
        group.write(10, 3);
        group.write(10, 4);
        group.settle();
        assertThat(group.lossBehind(point.number()).isComplete()).isFalse();
    }
}
