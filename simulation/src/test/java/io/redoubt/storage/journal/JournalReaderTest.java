// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.core.system.ReadOnlyDisk;
import io.redoubt.simulation.machine.SimDisk;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The files alone say what a node's next start would, and stay as they are.
class JournalReaderTest {
    private static final JournalLimits SMALL = new JournalLimits(128 << 10, 80);
    private static final JournalLimits LOG_ALONE = new JournalLimits(128 << 10, 1 << 20);
    private static final int SEEDS = 100;

    /// Also of a process that died with writes that no sync covers, and with a file that no manifest names.
    @Test
    void it_shows_what_the_next_start_finds_and_changes_nothing() {
        for (long seed = 1; seed <= SEEDS; seed++) {
            var random = new SplittableRandom(seed);
            RandomJournal made = made(random, random.nextBoolean() ? SMALL : LOG_ALONE);
            for (int i = random.nextInt(4); i > 0; i--) {
                made.write(0, 4096 * i, 4096);
            }
            made.disk.create("run-00000099").close();
            List<ByteBuffer> before = contents(made.disk);
            try (var reader = JournalReader.open(untouched(made.disk))) {
                assertThat(reader.points()).containsExactlyElementsOf(made.published.values());
                for (RecoveryPoint point : reader.points()) {
                    assertThat(made.requireExactOrFault(reader.view(point.number()))).isZero();
                }
                JournalReader.Verified verified = reader.verify(_ -> {});
                assertThat(verified.damage()).as("seed %d", seed).isEmpty();
                assertThat(verified.records()).isEqualTo(made.journal().appended());
                assertThat(reader.leftovers()).containsExactly("run-00000099");
                assertThat(contents(made.disk)).isEqualTo(before);

                Journal next = made.reopen(SMALL);
                assertThat(next.points()).isEqualTo(reader.points());
                assertThat(next.damage()).isEqualTo(reader.damage());
                assertThat(next.roles()).isEqualTo(reader.roles());
                for (int slot = 0; slot < RandomJournal.VOLUMES.size(); slot++) {
                    JournalReader.Volume volume = reader.volumes().get(slot);
                    assertThat(volume.id()).isEqualTo(RandomJournal.VOLUMES.get(slot));
                    assertThat(volume.through()).isEqualTo(next.through(slot));
                    assertThat(volume.complete()).isEqualTo(!next.needsPass(slot));
                }
                assertThat(reader.log().stream().map(JournalReader.Part::file))
                        .containsExactlyElementsOf(
                                made.disk.list().stream()
                                        .filter(f -> f.startsWith("log-"))
                                        .toList());
                next.close();
            }
        }
    }

    /// I29. What no start reads any more is read, too: records that are in runs since long.
    @ParameterizedTest
    @ValueSource(strings = {"log-", "run-", "manifest"})
    void every_turned_bit_is_found(String kind) {
        for (long seed = 1; seed <= SEEDS; seed++) {
            var random = new SplittableRandom(seed);
            RandomJournal made = made(random, SMALL);
            made.journal().sync();
            made.journal().close();
            List<String> files = made.disk.list().stream().filter(f -> f.startsWith(kind)).toList();
            String file = files.get(random.nextInt(files.size()));
            long bit = random.nextLong(JournalDamageTest.usedBytes(made.disk, file) * 8);
            if (kind.equals("run-") && bit / 8 % 4096 >= 4072) {
                continue; // may be the end of a page, which holds nothing
            }
            made.disk.flip(file, bit);
            assertThat(damage(made.disk))
                    .as("seed %d, %s, bit %d", seed, file, bit)
                    .isNotEmpty()
                    .allSatisfy(fault -> assertThat(fault.message()).contains(file));
        }
    }

    private static List<JournalFault> damage(Disk disk) {
        try (var reader = JournalReader.open(untouched(disk))) {
            return reader.verify(_ -> {}).damage();
        } catch (FaultException e) {
            return List.of((JournalFault) e.fault());
        }
    }

    @Test
    void a_directory_without_a_journal_is_refused_and_gets_none() {
        SimDisk disk = JournalDamageTest.disk(1, "empty");
        assertThatThrownBy(() -> JournalReader.open(untouched(disk)))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> assertThat(e.fault()).isInstanceOf(JournalFault.NoJournal.class));
        assertThat(disk.list()).isEmpty();
    }

    private static RandomJournal made(SplittableRandom random, JournalLimits limits) {
        var made =
                new RandomJournal(
                        random, JournalDamageTest.disk(random.nextLong(), "journal"), limits);
        made.fill(30 + random.nextInt(60));
        return made;
    }

    private static List<ByteBuffer> contents(SimDisk disk) {
        var contents = new ArrayList<ByteBuffer>();
        for (String name : disk.list()) {
            ByteBuffer bytes = ByteBuffer.allocate((int) JournalDamageTest.size(disk, name));
            disk.open(name).read(0, bytes);
            contents.add(bytes.flip());
        }
        return contents;
    }

    /// Every change of the directory fails; the bytes of its files are compared.
    private static Disk untouched(Disk disk) {
        return new ReadOnlyDisk(disk, disk::open);
    }
}
