// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.system.ReadOnlyDisk;
import io.redoubt.simulation.journal.SimKeys;
import io.redoubt.simulation.machine.SimDisk;
import io.redoubt.storage.atrest.KeyWrapper;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// I32: the blocks of a group are encrypted under a key of its own, wherever the journal keeps them.
class JournalSealTest {
    private static final JournalLimits SMALL = new JournalLimits(128 << 10, 80);
    private static final SimKeys KEYS = new SimKeys("tenant");
    private static final Ladder SHORT =
            new Ladder(
                    List.of(
                            new Ladder.Rung(Duration.ofMillis(6), Duration.ZERO),
                            new Ladder.Rung(Duration.ofMillis(60), Duration.ofMillis(10))));

    /// With the same check a journal without a key shows its blocks, so the check sees them.
    @ParameterizedTest
    @ValueSource(strings = {"log-", "kept-", "base-"})
    void no_file_shows_a_block_to_whoever_has_the_disk(String kind) {
        assertThat(shown(swept(null), kind)).isPositive();
        assertThat(shown(swept(KEYS), kind)).isZero();
    }

    /// How many stretches of 16 bytes that a point holds stand in these files.
    private static int shown(RandomJournal made, String kind) {
        Set<ByteBuffer> units = new HashSet<>();
        for (byte[][] volumes : made.expected.values()) {
            for (byte[] volume : volumes) {
                for (int at = 0; at < volume.length; at += 512) {
                    byte[] unit = Arrays.copyOfRange(volume, at, at + 16);
                    if (!Arrays.equals(unit, new byte[16])) {
                        units.add(ByteBuffer.wrap(unit));
                    }
                }
            }
        }
        int shown = 0;
        for (String file : made.disk.list()) {
            if (file.startsWith(kind)) {
                byte[] bytes = bytes(made.disk, file);
                for (int at = 0; at + 16 <= bytes.length; at += 8) {
                    shown += units.contains(ByteBuffer.wrap(bytes, at, 16)) ? 1 : 0;
                }
            }
        }
        return shown;
    }

    /// Equal blocks at different places are no more alike than others.
    @Test
    void equal_blocks_look_different_at_every_place() {
        SimDisk disk = JournalDamageTest.disk(1, "journal");
        var limits = new JournalLimits(128 << 10, 1 << 20);
        try (Journal journal = Journal.open(disk, RandomJournal.LINEAGE, null, limits, KEYS)) {
            int slot = journal.join(RandomJournal.VOLUMES.getFirst(), 1 << 20);
            for (int i = 0; i < 60; i++) {
                byte[] block = new byte[4096];
                Arrays.fill(block, (byte) 0x5a);
                journal.write(slot, i, i + 1, i * 4096L, ByteBuffer.wrap(block));
            }
            journal.sync();
        }
        Set<ByteBuffer> seen = new HashSet<>();
        int units = 0;
        for (String file : List.of("log-00000001", "log-00000002")) {
            byte[] bytes = bytes(disk, file);
            for (int at = 0; at + 16 <= bytes.length; at += 16) {
                byte[] unit = Arrays.copyOfRange(bytes, at, at + 16);
                if (!Arrays.equals(unit, new byte[16])) {
                    seen.add(ByteBuffer.wrap(unit));
                    units++;
                }
            }
        }
        assertThat(units).isGreaterThan(60 * 255);
        // A few stretches of the headers are alike.
        assertThat(seen).hasSizeGreaterThan(units - 60);
    }

    @Test
    void every_point_reads_after_sweeps_and_starts() {
        RandomJournal made = swept(KEYS);
        for (int start = 0; start < 3; start++) {
            made.journal().close();
            made.reopen(SMALL);
            assertThat(made.journal().damage()).isEmpty();
            for (RecoveryPoint point : made.journal().points()) {
                assertThat(made.requireExactOrFault(point)).isZero();
            }
            made.fill(10);
        }
    }

    @Test
    void a_missing_or_another_key_is_a_fault_that_names_both_and_touches_nothing() {
        RandomJournal made = swept(KEYS);
        made.journal().close();
        made.disk.create("run-00000099").close(); // what a start would delete
        List<ByteBuffer> before = contents(made.disk);
        assertThatThrownBy(() -> open(made.disk, null))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> {
                            assertThat(e.fault()).isInstanceOf(JournalFault.Locked.class);
                            assertThat(e.fault().message()).contains("tenant");
                            assertThat(e.fault().remedy()).contains("region.key");
                        });
        assertThatThrownBy(() -> open(made.disk, new SimKeys("other")))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> {
                            assertThat(e.fault()).isInstanceOf(JournalFault.WrongKey.class);
                            assertThat(e.fault().message()).contains("tenant").contains("other");
                        });
        assertThat(contents(made.disk)).isEqualTo(before);
        assertThat(open(made.disk, KEYS).points()).isNotEmpty();
    }

    @Test
    void a_journal_that_was_made_without_a_key_goes_on_without() {
        RandomJournal made = swept(null);
        made.journal().close();
        Journal journal = open(made.disk, KEYS);
        for (RecoveryPoint point : journal.points()) {
            assertThat(made.requireExactOrFault(journal.view(point.number()))).isZero();
        }
    }

    @Test
    void files_alone_are_inspected_and_verified_without_a_key_and_read_with_it() {
        RandomJournal made = swept(KEYS);
        made.journal().close();
        try (var reader = JournalReader.open(new ReadOnlyDisk(made.disk, made.disk::open))) {
            assertThat(reader.sealedUnder()).contains("tenant");
            assertThat(reader.verify(_ -> {}).damage()).isEmpty();
            assertThat(reader.verify(_ -> {}).blocks()).isPositive();
            RecoveryPoint newest = reader.points().getLast();
            assertThatThrownBy(() ->
                            reader.view(newest.number())
                                    .volume(RandomJournal.VOLUMES.getFirst())
                                    .read(0, ByteBuffer.allocate(RandomJournal.VOLUME_BYTES)))
                    .isInstanceOfSatisfying(
                            FaultException.class,
                            e -> assertThat(e.fault()).isInstanceOf(JournalFault.Locked.class));
        }
        try (var reader =
                JournalReader.open(new ReadOnlyDisk(made.disk, made.disk::open), SimKeys::new)) {
            for (RecoveryPoint point : reader.points()) {
                assertThat(made.requireExactOrFault(reader.view(point.number()))).isZero();
            }
        }
        assertThatThrownBy(() -> JournalReader.open(made.disk, _ -> new SimKeys("other")))
                .isInstanceOf(FaultException.class);
    }

    /// libcrypto would read freed memory.
    @Test
    void a_closed_journal_gives_a_refusal_and_uses_its_key_no_more() {
        RandomJournal made = swept(KEYS);
        JournalView view = made.journal().view(made.journal().points().getLast().number());
        made.journal().close();
        made.journal().close();
        assertThatThrownBy(() -> made.write(0, 0, 4096)).isInstanceOf(RuntimeException.class);
        assertThatThrownBy(() ->
                        view.volume(RandomJournal.VOLUMES.getFirst())
                                .read(0, ByteBuffer.allocate(RandomJournal.VOLUME_BYTES)))
                .isInstanceOf(RuntimeException.class);
    }

    private static Journal open(SimDisk disk, @Nullable KeyWrapper keys) {
        return Journal.open(disk, RandomJournal.LINEAGE, null, SMALL, keys);
    }

    private static RandomJournal swept(@Nullable KeyWrapper keys) {
        var made =
                new RandomJournal(
                        new SplittableRandom(12),
                        JournalDamageTest.disk(12, "journal"),
                        SMALL,
                        keys);
        for (int round = 0; round < 3; round++) {
            made.fill(200);
            var house =
                    new Housekeeping(
                            made.journal(),
                            new Housekeeping.Settings(SHORT, Duration.ofDays(1)),
                            new ReentrantLock());
            house.tick(5_000);
            while (house.step(20_000)) {}
        }
        assertThat(made.disk.list())
                .anyMatch(f -> f.startsWith("kept-"))
                .anyMatch(f -> f.startsWith("base-"));
        return made;
    }

    private static byte[] bytes(SimDisk disk, String file) {
        ByteBuffer bytes = ByteBuffer.allocate((int) JournalDamageTest.size(disk, file));
        disk.open(file).read(0, bytes);
        return bytes.array();
    }

    private static List<ByteBuffer> contents(SimDisk disk) {
        var contents = new ArrayList<ByteBuffer>();
        for (String name : disk.list()) {
            contents.add(ByteBuffer.wrap(bytes(disk, name)));
        }
        return contents;
    }
}
