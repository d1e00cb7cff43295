// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.simulation.machine.SimDisk;
import io.redoubt.storage.block.VolumeFault;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Rule 31: what is damaged and still current is asked for again; what nobody can heal stays listed with its points.
class JournalHealTest {
    private static final UUID LINEAGE = new UUID(3, 1);
    private static final VolumeId VOLUME = new VolumeId("vol-1");
    private static final int VOLUME_BYTES = 1 << 20;

    private final SimDisk disk = JournalDamageTest.disk(1, "journal");
    private JournalLimits limits = new JournalLimits(128 << 10, 4);
    private Journal journal = Journal.open(disk, LINEAGE, limits);
    private long vseq = 1;
    private long number;

    private void begin() {
        journal.join(VOLUME, VOLUME_BYTES);
        journal.passBegin(0, 0, vseq, 1, true);
        journal.passEnd(0, 1);
        number = 1;
    }

    private void write(int block, int content) {
        journal.write(0, vseq, ++vseq, block * 4096L, block(content));
    }

    private long point() {
        journal.publish(
                new RecoveryPoint(++number, number, number, Map.of(VOLUME, vseq), false, ""));
        journal.sync();
        return number;
    }

    private static ByteBuffer block(int content) {
        byte[] block = new byte[4096];
        Arrays.fill(block, (byte) content);
        return ByteBuffer.wrap(block);
    }

    /// Turns a bit in the only block of the disk with this content.
    private void damage(String kind, int content) {
        for (String file : disk.list()) {
            ByteBuffer bytes = ByteBuffer.allocate((int) JournalDamageTest.size(disk, file));
            disk.open(file).read(0, bytes);
            for (int at = 0; file.startsWith(kind) && at + 4096 <= bytes.capacity(); at += 8) {
                if (bytes.slice(at, 4096).equals(block(content))) {
                    assertThat(disk.flip(file, (at + 5) * 8L)).isTrue();
                    return;
                }
            }
        }
        throw new AssertionError("no block of " + content);
    }

    private void read(long point, int block, int content) {
        ByteBuffer into = ByteBuffer.allocate(4096);
        journal.view(point).volume(VOLUME).read(block * 4096L, into);
        assertThat(into.flip()).isEqualTo(block(content));
    }

    private void fails(long point, int block) {
        assertThatThrownBy(() -> read(point, block, 0))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> assertThat(e.fault()).isInstanceOf(VolumeFault.Damaged.class));
    }

    private static WantedRange wanted(int block, int blocks) {
        return new WantedRange(VOLUME, 0, block * 4096L, blocks * 4096L);
    }

    private void scrub() {
        Scrub scrub = journal.upkeep().scrub();
        while (scrub.step(10_000)) {}
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void a_damaged_block_that_is_current_is_wanted_and_a_write_heals_every_later_point(
            boolean byScrub) {
        begin();
        write(7, 71);
        long old = point();
        for (int i = 0; i < 6; i++) {
            write(20 + i, 80 + i);
        }
        long newer = point();
        assertThat(journal.wanted(10)).isEmpty();
        damage("log-", 71);
        if (byScrub) {
            scrub();
        } else {
            fails(newer, 7);
        }
        assertThat(journal.wanted(10)).containsExactly(wanted(7, 1));
        assertThat(journal.damagedVersions())
                .containsExactly(new DamagedVersion(VOLUME, 7, 2, List.of(old, newer)));
        write(7, 72);
        assertThat(journal.wanted(10)).isEmpty();
        long healed = point();
        read(healed, 7, 72);
        fails(old, 7);
        assertThat(journal.damagedVersions())
                .containsExactly(new DamagedVersion(VOLUME, 7, 2, List.of(old, newer)));
        journal.drop(List.of(old, newer));
        assertThat(journal.damagedVersions()).isEmpty();
    }

    @Test
    void what_a_newer_write_hides_is_listed_and_not_wanted() {
        begin();
        write(7, 71);
        long old = point();
        write(7, 72);
        point();
        damage("log-", 71);
        fails(old, 7);
        assertThat(journal.wanted(10)).isEmpty();
        assertThat(journal.damagedVersions())
                .containsExactly(new DamagedVersion(VOLUME, 7, 2, List.of(old)));
    }

    /// A part of the block is still unknown, so it is asked for under its new number.
    @Test
    void a_write_of_a_part_heals_nothing_and_the_block_stays_wanted() {
        begin();
        write(7, 71);
        point();
        damage("log-", 71);
        journal.write(0, vseq, ++vseq, 7 * 4096 + 512, ByteBuffer.allocate(512));
        assertThat(journal.wanted(10)).containsExactly(wanted(7, 1));
        fails(point(), 7);
        write(7, 73);
        assertThat(journal.wanted(10)).isEmpty();
        read(point(), 7, 73);
    }

    @Test
    void a_damaged_block_of_the_base_is_wanted_when_nothing_is_newer() {
        begin();
        write(7, 71);
        point();
        write(8, 81);
        number = 9_000;
        long newest = point();
        var house =
                new Housekeeping(
                        journal,
                        new Housekeeping.Settings(
                                new Ladder(
                                        List.of(
                                                new Ladder.Rung(
                                                        Duration.ofMillis(6), Duration.ZERO))),
                                Duration.ofDays(1)),
                        new ReentrantLock());
        house.tick(1);
        house.tick(Duration.ofHours(2).toMillis());
        while (house.step(1 << 20)) {}
        assertThat(journal.points()).hasSize(1);
        damage("base-", 71);
        scrub();
        assertThat(journal.wanted(10)).containsExactly(wanted(7, 1));
        fails(newest, 7);
        write(7, 75);
        assertThat(journal.wanted(10)).isEmpty();
        read(point(), 7, 75);
    }

    /// Neighbours are one range, and there are no more than were asked for.
    @Test
    void a_start_wants_what_its_log_has_lost_in_few_ranges() {
        journal.close();
        limits = new JournalLimits(128 << 10, 1 << 20);
        journal = Journal.open(disk, LINEAGE, limits);
        begin();
        for (int block : List.of(3, 4, 5, 9, 12)) {
            write(block, 100 + block);
        }
        point();
        journal.close();
        for (int block : List.of(3, 4, 5, 9, 12)) {
            damage("log-", 100 + block);
        }
        journal = Journal.open(disk, LINEAGE, limits);
        assertThat(journal.wanted(10)).containsExactly(wanted(3, 3), wanted(9, 1), wanted(12, 1));
        assertThat(journal.wanted(2)).containsExactly(wanted(3, 3), wanted(9, 1));
    }
}
