// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.system.ReadOnlyDisk;
import io.redoubt.simulation.machine.SimDisk;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.locks.ReentrantLock;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// I29: a damaged header of a segment costs nothing but itself, a torn first page no more than what stood in it; both are listed.
class SegmentHeaderTest {
    /// Held, because a logger that nobody holds forgets its level. Turned bits are errors.
    private static final Logger STORAGE = Logger.getLogger("io.redoubt.storage");

    static {
        STORAGE.setLevel(Level.OFF);
    }

    private static final JournalLimits SMALL = new JournalLimits(128 << 10, 80);
    private static final JournalLimits LOG_ALONE = new JournalLimits(128 << 10, 1 << 20);
    private static final int SEEDS = 40;
    private static final Ladder SHORT =
            new Ladder(
                    List.of(
                            new Ladder.Rung(Duration.ofMillis(6), Duration.ZERO),
                            new Ladder.Rung(Duration.ofMillis(60), Duration.ofMillis(10))));

    /// Offset and length in bytes.
    enum Field {
        MAGIC(0, 8),
        VERSION(8, 4),
        NUMBER(12, 4),
        LINEAGE(16, 16),
        FIRST_LSN(32, 8),
        ZEROS(40, 20),
        CRC(60, 4);

        final int at;
        final int bytes;

        Field(int at, int bytes) {
            this.at = at;
            this.bytes = bytes;
        }
    }

    enum Which {
        FIRST,
        MIDDLE,
        LAST,
        KEPT
    }

    @ParameterizedTest
    @EnumSource
    void a_turned_bit_in_a_header_costs_nothing_and_is_listed(Field field) {
        for (Which which : Which.values()) {
            for (JournalLimits limits : List.of(SMALL, LOG_ALONE)) {
                int met = 0;
                for (long seed = 1; seed <= SEEDS / 4; seed++) {
                    var random = new SplittableRandom(seed);
                    RandomJournal made = closed(seed, limits, which == Which.KEPT);
                    List<RecoveryPoint> points = points(made);
                    String file = choose(made, which);
                    if (file.isEmpty()) {
                        continue;
                    }
                    met++;
                    made.disk.flip(
                            file, random.nextLong(field.at * 8L, (field.at + field.bytes) * 8L));
                    String what = "%s of %s, seed %d".formatted(field, file, seed);
                    isListed(made, file, what);
                    // Twice: what a start leaves must be opened again.
                    for (int start = 1; start <= 2; start++) {
                        Journal journal = made.reopen(limits);
                        assertThat(journal.points()).as(what).isEqualTo(points);
                        assertThat(journal.needsFullPass(0, false)).as(what).isFalse();
                        for (RecoveryPoint point : points) {
                            assertThat(made.requireExactOrFault(point)).as(what).isZero();
                        }
                        scrubFinds(journal, file, what);
                        made.write(0, 0, 4096);
                        made.point();
                        points = journal.points();
                        journal.close();
                    }
                }
                assertThat(met).as("%s with %s", which, limits).isPositive();
            }
        }
    }

    /// The runs are made anew from everything there is, so they meet every header.
    @Test
    void lost_runs_are_made_anew_behind_damaged_headers() {
        for (long seed = 1; seed <= SEEDS; seed++) {
            var random = new SplittableRandom(seed);
            RandomJournal made = closed(seed, SMALL, true);
            List<RecoveryPoint> points = points(made);
            for (String file : segments(made)) {
                made.disk.flip(file, random.nextInt(Segments.HEADER * 8));
            }
            made.disk.list().stream()
                    .filter(f -> f.startsWith("run-"))
                    .forEach(run ->
                            made.disk.flip(run, (JournalDamageTest.size(made.disk, run) - 4) * 8));
            Journal journal = made.reopen(SMALL);
            assertThat(journal.points()).as("seed %d", seed).isEqualTo(points);
            for (RecoveryPoint point : points) {
                assertThat(made.requireExactOrFault(point)).as("seed %d", seed).isZero();
            }
            assertThat(journal.damage()).doesNotHaveDuplicates();
            journal.close();
        }
    }

    /// With it go the records in it: their blocks are faults, or the truth where something newer says it, and a full pass heals every point from
    /// then on.
    @ParameterizedTest
    @ValueSource(ints = {512, 4096})
    void a_torn_first_page_costs_what_stood_in_it_and_a_full_pass_makes_up_for_it(int page) {
        int faults = 0;
        for (long seed = 1; seed <= SEEDS; seed++) {
            for (Which which : Which.values()) {
                JournalLimits limits = seed % 2 == 0 ? SMALL : LOG_ALONE;
                RandomJournal made = closed(seed, limits, which == Which.KEPT);
                String file = choose(made, which);
                if (file.isEmpty()) {
                    continue;
                }
                made.disk.open(file).write(0, ByteBuffer.allocate(page));
                String what = "%s, seed %d".formatted(file, seed);
                isListed(made, file, what);
                Journal journal = made.reopen(limits);
                for (RecoveryPoint point : journal.points()) {
                    faults += made.requireExactOrFault(point);
                }
                for (DamagedVersion damaged : journal.damagedVersions()) {
                    assertThat(damaged.points()).as(what).isNotEmpty();
                }
                made.pass(true);
                made.point();
                RecoveryPoint newest = journal.points().getLast();
                assertThat(newest).as(what).isEqualTo(made.published.get(newest.number()));
                assertThat(made.requireExactOrFault(newest)).as(what).isZero();
                journal.close();
                journal = made.reopen(limits);
                assertThat(journal.points()).as(what).contains(newest);
                assertThat(made.requireExactOrFault(newest)).as(what).isZero();
                journal.close();
            }
        }
        assertThat(faults).as("blocks that cannot be read").isPositive();
    }

    /// Nothing but the header says that the file was there: no torn tail is made of what was durable, and the file stays for whoever looks.
    @Test
    void a_last_segment_that_lost_its_first_page_is_no_torn_tail_also_without_the_mark() {
        for (long seed = 1; seed <= SEEDS; seed++) {
            RandomJournal made = closed(seed, LOG_ALONE, false);
            made.disk.delete(DurableMark.NAME);
            String file = choose(made, Which.LAST);
            made.disk.open(file).write(0, ByteBuffer.allocate(4096));
            for (int start = 1; start <= 2; start++) {
                Journal journal = made.reopen(LOG_ALONE);
                assertThat(journal.needsFullPass(0, false)).as("seed %d", seed).isTrue();
                assertThat(journal.damage())
                        .extracting(JournalFault::message)
                        .filteredOn(m -> m.contains(file))
                        .as("seed %d", seed)
                        .hasSizeGreaterThan(1);
                assertThat(made.disk.list()).contains(file);
                journal.points().forEach(made::requireExactOrFault);
                journal.close();
            }
        }
    }

    /// Without it, its slot and with it its blocks would go to the next volume that joins.
    @Test
    void a_lost_member_record_costs_no_member() {
        RandomJournal made = closed(3, LOG_ALONE, false);
        List<RecoveryPoint> points = points(made);
        made.disk.flip("log-00000001", (Segments.HEADER + 20) * 8);
        Journal journal = made.reopen(LOG_ALONE);
        assertThat(journal.damage()).isNotEmpty();
        assertThat(journal.volumes()).containsExactlyElementsOf(RandomJournal.VOLUMES);
        assertThat(journal.points()).isEqualTo(points); // the first full pass is behind it
        for (RecoveryPoint point : points) {
            assertThat(made.requireExactOrFault(point)).isZero();
        }
        journal.close();
    }

    /// Until the sync behind it nothing else knows of a member.
    @Test
    void
            a_member_record_that_was_lost_before_its_sync_is_refused_and_never_gives_its_blocks_away() {
        var made = new RandomJournal(new SplittableRandom(1), disk(1), LOG_ALONE);
        while (made.disk.list().stream().filter(f -> f.startsWith("log-")).count() < 2) {
            made.write(0, 0, 8192);
        }
        made.journal().close();
        made.disk.flip("log-00000001", (Segments.HEADER + 20) * 8);
        assertThatThrownBy(() -> made.reopen(LOG_ALONE))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> assertThat(e.fault()).isInstanceOf(JournalFault.Damaged.class));
    }

    private static void isListed(RandomJournal made, String file, String what) {
        try (var reader = JournalReader.open(new ReadOnlyDisk(made.disk, made.disk::open))) {
            assertThat(reader.damage())
                    .extracting(JournalFault::message)
                    .as(what)
                    .anySatisfy(m -> assertThat(m).contains(file + " is damaged at offset 0"));
            assertThat(reader.verify(_ -> {}).damage())
                    .extracting(JournalFault::message)
                    .as(what)
                    .anySatisfy(m -> assertThat(m).contains(file + " is damaged at offset 0"));
        }
    }

    private static void scrubFinds(Journal journal, String file, String what) {
        Scrub scrub = journal.upkeep().scrub();
        while (scrub.step(10_000)) {}
        assertThat(scrub.found()).as(what).isEmpty();
        assertThat(scrub.headers())
                .as(what)
                .singleElement()
                .satisfies(fault -> assertThat(fault.message()).contains(file));
    }

    private static List<RecoveryPoint> points(RandomJournal made) {
        return made.journal().points();
    }

    private static RandomJournal closed(long seed, JournalLimits limits, boolean swept) {
        var made = new RandomJournal(new SplittableRandom(seed), disk(seed), limits);
        made.fill(60);
        if (swept) {
            var house =
                    new Housekeeping(
                            made.journal(),
                            new Housekeeping.Settings(SHORT, Duration.ofDays(1)),
                            new ReentrantLock());
            house.tick(5_000);
            while (house.step(20_000)) {}
        }
        made.journal().close();
        return made;
    }

    private static SimDisk disk(long seed) {
        return JournalDamageTest.disk(seed, "journal");
    }

    /// Empty when there is none.
    private static String choose(RandomJournal made, Which which) {
        var logs = new ArrayList<String>();
        var kept = new ArrayList<String>();
        for (String file : segments(made)) {
            (file.startsWith("log-") ? logs : kept).add(file);
        }
        return switch (which) {
            case FIRST -> logs.getFirst();
            case MIDDLE -> logs.get(logs.size() / 2);
            case LAST -> logs.getLast();
            case KEPT -> kept.isEmpty() ? "" : kept.getFirst();
        };
    }

    private static List<String> segments(RandomJournal made) {
        return made.disk.list().stream()
                .filter(f -> f.startsWith("log-") || f.startsWith("kept-"))
                .toList();
    }
}
