// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.simulation.journal.SimKeys;
import io.redoubt.simulation.machine.SimDisk;
import io.redoubt.simulation.machine.SimHost;
import io.redoubt.simulation.machine.SimTime;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// I29: whatever bit turns in a journal's files, a read gives what was written or a fault, never other data; and the operator is told.
class JournalDamageTest {
    private static final JournalLimits SMALL = new JournalLimits(128 << 10, 80);
    private static final JournalLimits LOG_ALONE = new JournalLimits(128 << 10, 1 << 20);
    private static final int SEEDS = 200;
    private static final int LAST_RECORD = 64 + 8 + 4096;

    @Test
    void a_turned_bit_gives_a_fault_or_the_truth_and_never_other_data() {
        int refused = 0;
        int hurt = 0;
        for (long seed = 1; seed <= SEEDS; seed++) {
            var random = new SplittableRandom(seed);
            RandomJournal made = closed(random, SMALL);
            List<String> files = made.disk.list();
            String file = files.get(random.nextInt(files.size()));
            made.disk.flip(file, random.nextLong(usedBytes(made.disk, file) * 8));
            try {
                Journal journal;
                try {
                    journal = made.reopen(SMALL);
                } catch (FaultException e) {
                    assertThat(e.fault()).isInstanceOf(JournalFault.class);
                    assertThat(e.fault().remedy()).isNotBlank();
                    refused++;
                    continue;
                }
                int faults = 0;
                for (RecoveryPoint point : journal.points()) {
                    faults += made.requireExactOrFault(point);
                }
                hurt += faults > 0 ? 1 : 0;
                healsByAFullPass(made, file.startsWith("run-"));
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed + ", a bit of " + file, e);
            }
        }
        // Or the flips hit nothing and the test proves nothing.
        assertThat(refused).as("journals refused").isPositive();
        assertThat(hurt).as("journals with blocks that cannot be read").isPositive();
    }

    private static void healsByAFullPass(RandomJournal made, boolean readsMayFail) {
        made.pass(true);
        made.point();
        RecoveryPoint newest = made.journal().points().getLast();
        assertThat(newest).isEqualTo(made.published.get(newest.number()));
        int faults = made.requireExactOrFault(newest);
        if (!readsMayFail) {
            assertThat(faults).as("faults in the point after a full pass").isZero();
        }
        made.journal().close();
    }

    @Test
    void a_bit_turned_in_a_durable_record_is_listed() {
        for (long seed = 1; seed <= SEEDS; seed++) {
            var random = new SplittableRandom(seed);
            var made = new RandomJournal(random, disk(random.nextLong(), "journal"), LOG_ALONE);
            made.fill(30 + random.nextInt(60));
            made.write(0, 0, 4096);
            made.journal().sync(); // no later record vouches for this one: the mark must
            made.journal().close();
            List<String> logs =
                    made.disk.list().stream().filter(f -> f.startsWith("log-")).toList();
            String file = logs.get(random.nextInt(logs.size()));
            long bytes = usedBytes(made.disk, file);
            boolean lastRecord = seed % 4 == 0 && file.equals(logs.getLast());
            long from = lastRecord ? Math.max(0, bytes - LAST_RECORD) : 0;
            long bit = random.nextLong(from * 8, bytes * 8);
            made.disk.flip(file, bit);
            try {
                Journal journal = made.reopen(LOG_ALONE);
                assertThat(journal.damage())
                        .as("seed %d, %s, bit %d", seed, file, bit)
                        .isNotEmpty();
                assertThat(journal.damage().getFirst().message()).contains(file);
                journal.points().forEach(made::requireExactOrFault);
            } catch (FaultException e) {
                assertThat(e.fault()).isInstanceOf(JournalFault.class);
                assertThat(e.fault().message()).contains(file);
            }
        }
    }

    /// The end of the pass stands behind the hole and would say that every block is there.
    @ParameterizedTest
    @ValueSource(
            longs = {
                64, // a block of the first member
                64 + LAST_RECORD, // the begin of the second one's pass
                64 + LAST_RECORD + 64 // and its first block
            })
    void a_full_pass_that_lost_a_record_makes_up_for_nothing(long at) {
        var made = new RandomJournal(new SplittableRandom(at), disk(at, "journal"), LOG_ALONE);
        made.fill(0); // a full pass over three segments, and its point
        made.journal().close();
        made.disk.flip("log-00000002", (at + 20) * 8);
        Journal journal = made.reopen(LOG_ALONE);
        assertThat(journal.points()).isEmpty();
        assertThat(journal.needsFullPass(at == 64 ? 0 : 1, false)).isTrue();
        made.pass(true);
        made.point();
        assertThat(journal.points()).hasSize(1);
        assertThat(made.requireExactOrFault(journal.points().getFirst())).isZero();
        journal.close();
    }

    /// What a start has called damage is damage at every later start: sealing the log must not make it look whole.
    @Test
    void a_lost_last_record_is_listed_again_at_the_next_start() {
        RandomJournal made = closed(new SplittableRandom(9), LOG_ALONE);
        String last =
                made.disk.list().stream().filter(f -> f.startsWith("log-")).toList().getLast();
        made.disk.flip(last, (usedBytes(made.disk, last) - 1) * 8);
        for (int start = 1; start <= 3; start++) {
            Journal journal = made.reopen(LOG_ALONE);
            assertThat(journal.damage()).as("start %d", start).isNotEmpty();
            assertThat(journal.needsFullPass(0, false)).as("start %d", start).isTrue();
            journal.points().forEach(made::requireExactOrFault);
            journal.close();
        }
    }

    @Test
    void a_mark_that_is_torn_or_old_calls_nothing_damage() {
        for (long seed = 1; seed <= 50; seed++) {
            var random = new SplittableRandom(seed);
            RandomJournal made = closed(random, SMALL);
            ByteBuffer junk = ByteBuffer.allocate(random.nextInt(1, 16));
            made.disk.open(DurableMark.NAME).write(random.nextBoolean() ? 0 : 512, junk);
            Journal journal = made.reopen(SMALL);
            assertThat(journal.damage()).as("seed %d", seed).isEmpty();
            assertThat(journal.points()).containsExactlyElementsOf(made.published.values());
            journal.close();
        }
    }

    /// An older build's journal, or a later one's, with every checksum right.
    @Test
    void a_content_of_another_version_is_refused_with_a_name_and_a_place() {
        RandomJournal made = closed(new SplittableRandom(1), LOG_ALONE);
        SimDisk disk = made.disk;
        ByteBuffer manifest = LogRecord.buffer((int) size(disk, Manifest.NAME));
        disk.open(Manifest.NAME).read(0, manifest);
        int shorter = manifest.capacity() - 12;
        manifest.putInt(12, shorter);
        manifest.putInt(shorter - 4, Checksum.of(manifest, 0, shorter - 4));
        disk.open(Manifest.NAME).write(0, manifest.clear().limit(shorter));
        foreign(made, Manifest.NAME);
    }

    /// A wrong page of a run could hide any version of any block, so its reads are faults, and a wrong tail makes the start read the log.
    @Test
    void a_run_that_cannot_be_opened_is_made_anew_from_the_log() {
        RandomJournal made = closed(new SplittableRandom(5), SMALL);
        String run =
                made.disk.list().stream()
                        .filter(f -> f.startsWith("run-"))
                        .findFirst()
                        .orElseThrow();
        made.disk.flip(run, (size(made.disk, run) - 4) * 8);
        Journal journal = made.reopen(SMALL);
        assertThat(journal.damage()).singleElement().isInstanceOf(JournalFault.Damaged.class);
        assertThat(journal.points()).containsExactlyElementsOf(made.published.values());
        for (RecoveryPoint point : journal.points()) {
            assertThat(made.requireExactOrFault(point)).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"log-00000001", "manifest"})
    void a_file_with_a_foreign_magic_is_refused(String file) {
        RandomJournal made = closed(new SplittableRandom(1), LOG_ALONE);
        overwrite(made.disk, file, 0, 0x4142434445464748L);
        vouch(made.disk, file);
        foreign(made, file);
    }

    @ParameterizedTest
    @ValueSource(strings = {"log-00000001", "manifest"})
    void a_file_of_a_later_version_is_refused(String file) {
        RandomJournal made = closed(new SplittableRandom(1), LOG_ALONE);
        ByteBuffer bytes = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(99).flip();
        made.disk.open(file).write(8, bytes);
        vouch(made.disk, file);
        foreign(made, file);
    }

    @Test
    void a_segment_of_another_history_is_refused() {
        RandomJournal made = closed(new SplittableRandom(1), LOG_ALONE);
        SimDisk elsewhere = disk(7, "elsewhere");
        Journal other = Journal.open(elsewhere, new UUID(7, 7), LOG_ALONE);
        other.join(new VolumeId("vol-1"), 1 << 20);
        other.sync();
        ByteBuffer header = ByteBuffer.allocate(64);
        elsewhere.open("log-00000001").read(0, header);
        made.disk.open("log-00000001").write(0, header.flip());
        foreign(made, "log-00000001");
    }

    @Test
    void a_journal_of_another_history_is_refused() {
        RandomJournal made = closed(new SplittableRandom(1), LOG_ALONE);
        assertThatThrownBy(() -> Journal.open(made.disk, new UUID(7, 7), LOG_ALONE))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> assertThat(e.fault()).isInstanceOf(JournalFault.Foreign.class));
    }

    @Test
    void a_torn_tail_is_no_damage_and_costs_no_point() {
        for (long seed = 1; seed <= 50; seed++) {
            var random = new SplittableRandom(seed);
            var made = new RandomJournal(random, disk(seed, "journal"), LOG_ALONE);
            made.fill(20);
            made.journal().sync();
            List<String> logs =
                    made.disk.list().stream().filter(f -> f.startsWith("log-")).toList();
            long durable = usedBytes(made.disk, logs.getLast());
            made.write(0, 4096, 8192);
            made.journal().close();
            String last =
                    made.disk.list().stream().filter(f -> f.startsWith("log-")).toList().getLast();
            if (!last.equals(logs.getLast())) {
                continue; // the write began a segment of its own
            }
            // Some bytes of the record that no sync covers arrived, the rest did not.
            long used = usedBytes(made.disk, last);
            long torn = durable + 8 + random.nextLong(used - durable - 8);
            made.disk.open(last).write(torn, ByteBuffer.allocate((int) (used - torn)));
            Journal journal = made.reopen(LOG_ALONE);
            assertThat(journal.damage()).as("seed %d", seed).isEmpty();
            assertThat(journal.points()).containsExactlyElementsOf(made.published.values());
            for (RecoveryPoint point : journal.points()) {
                assertThat(made.requireExactOrFault(point)).isZero();
            }
        }
    }

    private static void foreign(RandomJournal made, String file) {
        assertThatThrownBy(() -> made.reopen(LOG_ALONE))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> {
                            assertThat(e.fault()).isInstanceOf(JournalFault.Foreign.class);
                            assertThat(e.fault().message()).contains(file);
                            assertThat(e.fault().remedy()).isNotBlank();
                        });
    }

    private static RandomJournal closed(SplittableRandom random, JournalLimits limits) {
        var made =
                new RandomJournal(
                        random, disk(random.nextLong(), "journal"), limits, sealed(random));
        made.fill(30 + random.nextInt(60));
        made.journal().close();
        return made;
    }

    /// Half of the journals are encrypted: what is damaged is found without a key.
    private static @Nullable SimKeys sealed(SplittableRandom random) {
        return random.nextBoolean() ? new SimKeys("tenant") : null;
    }

    static SimDisk disk(long seed, String name) {
        return new SimHost(new SplittableRandom(seed), new SimTime()).disk(name);
    }

    private static void overwrite(SimDisk disk, String file, long at, long value) {
        disk.open(file)
                .write(
                        at,
                        ByteBuffer.allocate(8)
                                .order(ByteOrder.LITTLE_ENDIAN)
                                .putLong(value)
                                .flip());
    }

    /// What is foreign has a checksum of its own; a segment's header without one is damage.
    private static void vouch(SimDisk disk, String file) {
        if (file.startsWith("log-")) {
            ByteBuffer header = LogRecord.buffer(Segments.HEADER);
            disk.open(file).read(0, header);
            header.putInt(60, Checksum.of(header, 0, 60));
            disk.open(file).write(0, header.clear());
        }
    }

    static long size(SimDisk disk, String file) {
        return disk.open(file).size();
    }

    /// Up to the last byte that is not zero; a segment is allocated beyond.
    static long usedBytes(SimDisk disk, String file) {
        ByteBuffer bytes = ByteBuffer.allocate((int) size(disk, file));
        disk.open(file).read(0, bytes);
        int end = bytes.capacity();
        while (end > 0 && bytes.get(end - 1) == 0) {
            end--;
        }
        return end;
    }
}
