// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.DiskFile;
import io.redoubt.core.system.ReadOnlyDisk;
import io.redoubt.simulation.machine.SimDisk;
import io.redoubt.simulation.machine.SimHost;
import io.redoubt.simulation.machine.SimTime;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;

/// Rules 28 and 35: a history knows its parent, begins with what a volume held, tells what changed, and ends where another goes on.
class JournalWayBackTest {
    private static final UUID LINEAGE = new UUID(8, 9);
    private static final VolumeId VOLUME = new VolumeId("vol-1");
    private static final String OLD = "volume.raw";
    private static final int BLOCKS = 300;
    private static final JournalLimits SMALL = new JournalLimits(256 << 10, 60);
    private static final Ladder SHORT =
            new Ladder(
                    List.of(
                            new Ladder.Rung(Duration.ofMillis(6), Duration.ZERO),
                            new Ladder.Rung(Duration.ofMillis(60), Duration.ofMillis(10))));

    private final SimDisk disk = JournalDamageTest.disk(1, "journal");
    private final SplittableRandom random = new SplittableRandom(5);
    private final byte[] old = new byte[BLOCKS * 4096 - 1024];

    @Test
    void a_history_knows_where_it_left_its_parent() {
        var fork = new Fork(new UUID(1, 2), 77, Map.of(VOLUME, 12L, new VolumeId("vol-2"), 3L));
        try (Journal journal = Journal.open(disk, LINEAGE, fork, SMALL, null)) {
            assertThat(journal.ancestry()).contains(fork);
            journal.claimCuts(5);
        }
        try (Journal journal = Journal.open(disk, LINEAGE, SMALL);
                var reader = JournalReader.open(new ReadOnlyDisk(disk, disk::open))) {
            assertThat(journal.ancestry()).contains(fork);
            assertThat(reader.ancestry()).contains(fork);
        }
        SimDisk other = JournalDamageTest.disk(2, "journal");
        try (Journal journal = Journal.open(other, LINEAGE, SMALL)) {
            assertThat(journal.ancestry()).isEmpty();
        }
    }

    @Test
    void an_adopted_volume_is_shown_as_it_was_while_passes_and_sweeps_go_on_above_it() {
        Journal journal = adopted();
        RecoveryPoint first = journal.adoptions().keep(1, 1, "before the way back");
        requireOld(journal, first.number());
        byte[] before = bytes(disk, OLD);
        for (int pass = 1; pass <= 5; pass++) {
            pass(journal, pass * 10L, pass);
            sweep(journal, 5_000 + pass);
        }
        assertThat(journal.points()).hasSizeGreaterThan(1);
        assertThat(bytes(disk, OLD)).isEqualTo(before);
        requireOld(journal, first.number());
        assertThatThrownBy(() -> journal.drop(List.of(9999L))).isInstanceOf(FaultException.class);
        journal.close();
        Journal again = Journal.open(disk, LINEAGE, SMALL);
        assertThat(again.guarded()).containsExactly(first.number());
        requireOld(again, first.number());
        try (var reader = JournalReader.open(new ReadOnlyDisk(disk, disk::open))) {
            assertThat(reader.verify(_ -> {}).damage()).isEmpty();
            assertThat(reader.verify(_ -> {}).blocks()).isPositive();
            assertThat(reader.leftovers()).isEmpty();
        }
        RecoveryPoint newest = again.points().getLast();
        byte[] expected = read(again, newest.number());
        again.drop(first.number());
        sweep(again, 9_000);
        assertThat(bytes(disk, OLD)).as("promoted once its user has let go").isNotEqualTo(before);
        assertThat(read(again, newest.number())).isEqualTo(expected);
        assertThatThrownBy(() -> again.adoptions().keep(3, 3, "too late"))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> assertThat(e.fault()).isInstanceOf(JournalFault.GivenUp.class));
    }

    @Test
    void no_data_comes_before_the_content_is_kept() {
        Journal journal = taken();
        assertThatThrownBy(() -> journal.passBegin(0, 0, 10, 1, false))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> assertThat(e.fault()).isInstanceOf(JournalFault.NotKept.class));
        assertThatThrownBy(() -> journal.adoptions().keep(1, 1, ""))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> assertThat(e.fault()).isInstanceOf(JournalFault.Unscanned.class));
        Housekeeping house = house(journal);
        while (house.step(1 << 20)) {}
        assertThatThrownBy(() -> journal.write(0, 0, 1, 0, ByteBuffer.allocate(4096)))
                .isInstanceOf(FaultException.class);
        RecoveryPoint first = journal.adoptions().keep(1, 1, "");
        assertThat(journal.adoptions().keep(2, 2, "again")).isEqualTo(first);
        journal.passBegin(0, 0, 10, 1, false);
    }

    @Test
    void what_was_only_in_the_page_cache_is_durable_once_it_is_taken() {
        var host = new SimHost(new SplittableRandom(4), new SimTime());
        SimDisk cached = host.disk("journal");
        random.nextBytes(old);
        try (DiskFile file = cached.create(OLD)) {
            file.write(0, ByteBuffer.wrap(old));
        }
        cached.sync();
        Journal.open(cached, LINEAGE, SMALL).adoptions().take(VOLUME, old.length, OLD);
        host.powerLoss();
        assertThat(Arrays.copyOf(bytes(cached, OLD), old.length)).isEqualTo(old);
    }

    /// What is not scanned yet is no damage, and is given to nobody; what is scanned is not scanned again.
    @Test
    void a_scan_goes_on_where_it_was_noted_and_tells_unknown_blocks_from_damaged_ones() {
        Journal journal = taken();
        Housekeeping house = house(journal);
        int steps = 0;
        while (firstUnscanned(journal) == 0) {
            assertThat(house.step(100_000)).isTrue();
            steps++;
        }
        assertThat(steps).isPositive();
        long noted = firstUnscanned(journal);
        assertThat(noted).isBetween(1L, BLOCKS - 1L);
        journal.close();
        disk.flip(OLD, 7); // in the first block, whose checksum is known
        Journal again = Journal.open(disk, LINEAGE, SMALL);
        assertThat(firstUnscanned(again)).isEqualTo(noted);
        Housekeeping rest = house(again);
        while (rest.step(100_000)) {}
        assertThat(again.adoptions().scanning()).isEmpty();
        assertThatThrownBy(() -> again.head(VOLUME).read(0, ByteBuffer.allocate(4096)))
                .isInstanceOfSatisfying(
                        FaultException.class, e -> assertThat(e.fault().message()).contains(OLD));
        again.head(VOLUME).read(4096, ByteBuffer.allocate(4096));
    }

    private static long firstUnscanned(Journal journal) {
        for (int block = 0; block < BLOCKS - 1; block++) {
            try {
                journal.head(VOLUME).read(block * 4096L, ByteBuffer.allocate(4096));
            } catch (FaultException e) {
                if (e.fault() instanceof JournalFault.Unscanned) {
                    return block;
                }
            }
        }
        return BLOCKS;
    }

    @Test
    void a_file_that_is_not_the_volume_is_refused_and_stays() {
        Journal journal = Journal.open(disk, LINEAGE, SMALL);
        try (DiskFile file = disk.create("short.raw")) {
            file.write(0, ByteBuffer.allocate(100));
        }
        for (String name : List.of("short.raw", "none.raw", "manifest", "base-00000")) {
            assertThatThrownBy(() -> journal.adoptions().take(VOLUME, 1 << 20, name))
                    .isInstanceOfSatisfying(
                            FaultException.class,
                            e -> assertThat(e.fault()).isInstanceOf(JournalFault.NotAdopted.class));
        }
        journal.join(VOLUME, 100);
        assertThatThrownBy(() -> journal.adoptions().take(VOLUME, 100, "short.raw"))
                .isInstanceOf(FaultException.class);
        assertThat(disk.list()).contains("short.raw");
    }

    @Test
    void a_commit_ends_the_history_and_keeps_the_branch_until_it_is_forgotten() {
        var made =
                new RandomJournal(
                        random,
                        JournalDamageTest.disk(3, "journal"),
                        new JournalLimits(128 << 10, 80));
        made.fill(200);
        Journal journal = made.journal();
        List<RecoveryPoint> all = journal.points();
        RecoveryPoint last = all.get(all.size() / 2);
        journal.branch().commit(last.number(), 1_000);
        journal.branch().commit(last.number(), 2_000);
        assertThatThrownBy(() -> journal.branch().commit(all.getFirst().number(), 3_000))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> assertThat(e.fault()).isInstanceOf(JournalFault.Committed.class));
        assertThat(journal.points()).isEqualTo(all.subList(0, all.size() / 2 + 1));
        assertThat(journal.branch().points())
                .isEqualTo(all.subList(all.size() / 2 + 1, all.size()));
        assertThatThrownBy(() -> made.write(0, 0, 4096))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> assertThat(e.fault()).isInstanceOf(JournalFault.Committed.class));
        journal.pin("someone", all.getLast().number(), 9_000);
        assertThatThrownBy(() -> journal.branch().forget()).isInstanceOf(FaultException.class);
        journal.unpin("someone");
        journal.close();
        Journal again = made.reopen(new JournalLimits(128 << 10, 80));
        assertThat(again.branch().committed()).hasValue(last.number());
        for (RecoveryPoint point : again.branch().points()) {
            assertThat(made.requireExactOrFault(point)).isZero();
        }
        long before = made.disk.used();
        again.branch().forget();
        assertThat(again.branch().points()).isEmpty();
        sweep(again, 50_000);
        assertThat(made.disk.used()).isLessThan(before);
        assertThat(again.points().getLast()).isEqualTo(last);
        assertThat(made.requireExactOrFault(last)).isZero();
        assertThatThrownBy(() -> again.changedSince(0, cut(last), (_, _) -> {}))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> assertThat(e.fault()).isInstanceOf(JournalFault.ChangesUnknown.class));
    }

    private static long cut(RecoveryPoint point) {
        return point.vector().getOrDefault(RandomJournal.VOLUMES.getFirst(), 0L);
    }

    @Test
    void what_changed_is_told_in_ranges_that_do_not_touch() {
        Journal journal = Journal.open(disk, LINEAGE, new JournalLimits(1 << 20, 5));
        int slot = journal.join(VOLUME, 1 << 20);
        journal.passBegin(slot, 0, 1, 1, true);
        journal.passEnd(slot, 1);
        long number = 1;
        for (int block : new int[] {0, 9, 3, 4, 5, 4, 9, 200, 255, 0}) {
            journal.write(slot, number, ++number, block * 4096L, ByteBuffer.allocate(4096));
            journal.sync();
        }
        List<String> told = new ArrayList<>();
        long bytes =
                journal.changedSince(
                        slot, 2, (offset, length) -> told.add(offset / 4096 + "+" + length / 4096));
        assertThat(told).containsExactly("0+1", "3+3", "9+1", "200+1", "255+1");
        assertThat(bytes).isEqualTo(7 * 4096);
        assertThat(journal.changedSince(slot, number, (_, _) -> told.add("more"))).isZero();
        assertThat(told).doesNotContain("more");
    }

    private Journal taken() {
        random.nextBytes(old);
        Arrays.fill(old, 20 * 4096, 60 * 4096, (byte) 0);
        try (DiskFile file = disk.create(OLD)) {
            file.write(0, ByteBuffer.wrap(old));
        }
        Journal journal = Journal.open(disk, LINEAGE, SMALL);
        assertThat(journal.adoptions().take(VOLUME, old.length, OLD)).isZero();
        assertThat(journal.adoptions().take(VOLUME, old.length, OLD)).isZero();
        return journal;
    }

    private Journal adopted() {
        Journal journal = taken();
        Housekeeping house = house(journal);
        while (house.step(1 << 20)) {}
        return journal;
    }

    private void pass(Journal journal, long vseq, long pass) {
        journal.passBegin(0, journal.through(0), vseq, pass, false);
        for (int i = 0; i < 40; i++) {
            byte[] block = new byte[4096];
            random.nextBytes(block);
            journal.passWrite(0, vseq, random.nextInt(BLOCKS - 1) * 4096L, ByteBuffer.wrap(block));
        }
        journal.passEnd(0, pass);
        journal.publish(
                new RecoveryPoint(
                        journal.claimCuts(1),
                        pass * 20,
                        pass * 20,
                        Map.of(VOLUME, vseq),
                        true,
                        ""));
        journal.sync();
    }

    private void requireOld(Journal journal, long point) {
        assertThat(read(journal, point)).isEqualTo(old);
    }

    private byte[] read(Journal journal, long point) {
        ByteBuffer content = ByteBuffer.allocate(old.length);
        journal.view(point).volume(VOLUME).read(0, content);
        return content.array();
    }

    private static byte[] bytes(SimDisk disk, String file) {
        ByteBuffer bytes = ByteBuffer.allocate((int) JournalDamageTest.size(disk, file));
        disk.open(file).read(0, bytes);
        return bytes.array();
    }

    private static Housekeeping house(Journal journal) {
        return new Housekeeping(
                journal, new Housekeeping.Settings(SHORT, Duration.ofDays(1)), new ReentrantLock());
    }

    private static void sweep(Journal journal, long now) {
        Housekeeping house = house(journal);
        house.tick(now);
        house.tick(now + Duration.ofHours(2).toMillis());
        while (house.step(20_000)) {}
    }
}
