// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.system.ReadOnlyDisk;
import io.redoubt.simulation.machine.SimDisk;
import io.redoubt.storage.block.BlockImage;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A journal that was swept: what stays is what it was, and its new files are read, checked and made anew like the old ones.
class JournalSweepTest {
    /// Held, because a logger that nobody holds forgets its level. One journal runs full here, and turned bits are errors.
    private static final Logger STORAGE = Logger.getLogger("io.redoubt.storage");

    static {
        STORAGE.setLevel(Level.OFF);
    }

    private static final JournalLimits SMALL = new JournalLimits(128 << 10, 80);
    private static final int SEEDS = 60;
    private static final Ladder SHORT =
            new Ladder(
                    List.of(
                            new Ladder.Rung(Duration.ofMillis(6), Duration.ZERO),
                            new Ladder.Rung(Duration.ofMillis(60), Duration.ofMillis(10))));

    @Test
    void a_swept_journal_is_smaller_shows_the_same_and_verifies() {
        for (long seed = 1; seed <= SEEDS; seed++) {
            RandomJournal made = made(seed, SMALL);
            long before = made.disk.used();
            int points = made.journal().points().size();
            sweep(made);
            assertThat(made.journal().points()).hasSizeLessThan(points);
            assertThat(made.disk.used()).as("seed %d", seed).isLessThan(before);
            everyPointReads(made);
            made.journal().close();
            made.reopen(SMALL);
            assertThat(made.journal().damage()).isEmpty();
            everyPointReads(made);
            try (var reader = reader(made)) {
                assertThat(reader.bases()).hasSize(RandomJournal.VOLUMES.size());
                assertThat(reader.verify(_ -> {}).damage()).as("seed %d", seed).isEmpty();
                assertThat(reader.verify(_ -> {}).blocks()).isPositive();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"log-", "kept-", "base-", "run-"})
    void every_turned_bit_of_a_swept_journal_is_found(String kind) {
        int found = 0;
        for (long seed = 1; seed <= SEEDS; seed++) {
            RandomJournal made = made(seed, SMALL);
            sweep(made);
            made.journal().close();
            var random = new SplittableRandom(seed);
            List<String> files = written(made, kind);
            if (files.isEmpty()) {
                continue;
            }
            String file = files.get(random.nextInt(files.size()));
            long bit = random.nextLong(JournalDamageTest.usedBytes(made.disk, file) * 8);
            if (kind.equals("run-") && bit / 8 % 4096 >= 4072) {
                continue; // may be the end of a page, which holds nothing
            }
            made.disk.flip(file, bit);
            try (var reader = reader(made)) {
                assertThat(reader.verify(_ -> {}).damage())
                        .as("seed %d, %s, bit %d", seed, file, bit)
                        .anySatisfy(fault -> assertThat(fault.message()).contains(file));
            } catch (FaultException e) {
                assertThat(e.fault()).isInstanceOf(JournalFault.class);
            }
            found++;
        }
        assertThat(found).as("turned bits").isGreaterThan(SEEDS / 4);
    }

    /// ADR 8: runs are derived, also from segments whose neighbours are gone.
    @Test
    void lost_runs_are_made_anew_from_log_and_kept_segments() {
        for (long seed = 1; seed <= SEEDS; seed++) {
            RandomJournal made = made(seed, SMALL);
            sweep(made);
            made.fill(10);
            made.journal().close();
            List<String> runs =
                    made.disk.list().stream().filter(f -> f.startsWith("run-")).toList();
            made.disk.flip(
                    runs.getFirst(), (JournalDamageTest.size(made.disk, runs.getFirst()) - 4) * 8);
            List<RecoveryPoint> points = made.reopen(SMALL).points();
            assertThat(made.journal().damage()).as("seed %d", seed).hasSize(1);
            assertThat(points).isNotEmpty();
            everyPointReads(made);
            sweep(made);
            everyPointReads(made);
            made.journal().close();
            assertThat(made.reopen(SMALL).damage()).isEmpty();
            everyPointReads(made);
        }
    }

    /// Old versions that came back with a rebuilt index never overwrite what the base holds: the newer version that was promoted is gone.
    @Test
    void a_version_below_the_horizon_that_comes_back_is_not_promoted_again() {
        var limits = new JournalLimits(128 << 10, 1 << 20);
        SimDisk disk = JournalDamageTest.disk(1, "journal");
        Journal journal = Journal.open(disk, RandomJournal.LINEAGE, limits);
        int swept = journal.join(RandomJournal.VOLUMES.getFirst(), 1 << 20);
        int waiting = journal.join(RandomJournal.VOLUMES.getLast(), 1 << 20);
        journal.passBegin(swept, 0, 1, 1, true);
        journal.passEnd(swept, 1);
        journal.write(swept, 1, 2, 0, block(1));
        for (int i = 0; i < 25; i++) {
            // A member without a complete pass has no horizon: this segment stays, with the old
            // version in it.
            journal.write(waiting, i, i + 1, i * 4096L, block(9));
        }
        for (int i = 2; i < 70; i++) {
            journal.write(swept, i, i + 1, 0, block(i));
        }
        publish(journal, 1, 70);
        for (int i = 70; i < 110; i++) {
            journal.write(swept, i, i + 1, 4096, block(i));
        }
        publish(journal, 2, 110);
        sweep(journal, 5_000);
        assertThat(disk.list()).contains("log-00000001").doesNotContain("log-00000002");
        journal.close();
        String run = disk.list().stream().filter(f -> f.startsWith("run-")).toList().getFirst();
        disk.flip(run, (JournalDamageTest.size(disk, run) - 4) * 8);
        Journal again = Journal.open(disk, RandomJournal.LINEAGE, limits);
        assertThat(again.damage()).hasSize(1);
        publish(again, 3, 110);
        sweep(again, 9_000);
        ByteBuffer first = ByteBuffer.allocate(4096);
        again.view(3).volume(RandomJournal.VOLUMES.getFirst()).read(0, first);
        assertThat(first.flip()).isEqualTo(block(69));
    }

    private static ByteBuffer block(int content) {
        byte[] block = new byte[4096];
        Arrays.fill(block, (byte) content);
        return ByteBuffer.wrap(block);
    }

    private static void publish(Journal journal, long number, long vseq) {
        journal.publish(
                new RecoveryPoint(
                        number,
                        number * 1000,
                        number * 1000,
                        Map.of(RandomJournal.VOLUMES.getFirst(), vseq),
                        false,
                        ""));
        journal.sync();
    }

    /// Two faults at once cost the points, and never give other data.
    @Test
    void lost_runs_and_a_record_that_cannot_be_read_leave_no_point_and_a_full_pass_heals() {
        RandomJournal made = made(4, SMALL);
        sweep(made);
        for (int i = 0; i < 20; i++) {
            made.step(); // no full pass, which would heal
        }
        made.journal().sync();
        made.journal().close();
        String log =
                made.disk.list().stream()
                        .filter(f -> f.startsWith("log-"))
                        .findFirst()
                        .orElseThrow();
        String run =
                made.disk.list().stream()
                        .filter(f -> f.startsWith("run-"))
                        .findFirst()
                        .orElseThrow();
        made.disk.flip(log, (64 + 20) * 8);
        made.disk.flip(run, (JournalDamageTest.size(made.disk, run) - 4) * 8);
        Journal journal = made.reopen(SMALL);
        assertThat(journal.damage()).hasSize(2);
        assertThat(journal.points()).isEmpty();
        assertThat(journal.needsFullPass(0, false)).isTrue();
        made.pass(true);
        made.point();
        assertThat(journal.points()).hasSize(1);
        everyPointReads(made);
    }

    @Test
    void a_pinned_point_stays_until_its_lease_ends_and_cannot_be_dropped() {
        RandomJournal made = made(7, SMALL);
        List<RecoveryPoint> points = made.journal().points();
        long going = Retention.toDrop(points, 5_000, SHORT, Set.of(), Set.of()).getFirst();
        RecoveryPoint pinned = RecoveryPoint.require(points, going);
        made.journal().pin("view 1", pinned.number(), 10_000);
        assertThatThrownBy(() -> made.journal().drop(pinned.number()))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> assertThat(e.fault().message()).contains("view 1"));
        sweep(made);
        assertThat(made.journal().points()).contains(pinned);
        assertThat(made.requireExactOrFault(pinned)).isZero();
        assertThat(made.journal().room().pinnedBytes()).isPositive();
        made.journal().close();
        made.reopen(SMALL);
        assertThat(made.journal().pins())
                .containsExactly(new Pin("view 1", pinned.number(), 10_000));
        JournalView view = made.journal().view(pinned.number());
        house(made).tick(10_000);
        assertThat(made.journal().pins()).isEmpty();
        assertThat(made.journal().points()).doesNotContain(pinned);
        assertThat(made.requireExactOrFault(view)).as("refused, never other data").isPositive();
    }

    @Test
    void a_protected_point_outlives_the_ladder_and_goes_with_its_user() {
        RandomJournal made = made(8, SMALL);
        RecoveryPoint oldest = made.journal().points().getFirst();
        made.journal().protect(oldest.number(), true);
        sweep(made);
        made.journal().close();
        made.reopen(SMALL);
        assertThat(made.journal().guarded()).containsExactly(oldest.number());
        assertThat(made.requireExactOrFault(oldest)).isZero();
        made.journal().drop(oldest.number());
        assertThat(made.journal().points()).doesNotContain(oldest);
        assertThat(made.journal().guarded()).isEmpty();
    }

    @Test
    void a_scrub_lists_what_was_turned_with_the_points_that_show_it() {
        int listed = 0;
        for (long seed = 1; seed <= SEEDS; seed++) {
            RandomJournal made = made(seed, SMALL);
            sweep(made);
            made.journal().sync();
            assertThat(scrub(made)).isEmpty();
            List<String> files = new ArrayList<>(written(made, "base-"));
            files.addAll(written(made, "kept-"));
            if (files.isEmpty()) {
                continue;
            }
            String file = files.get((int) (seed % files.size()));
            made.disk.flip(
                    file,
                    new SplittableRandom(seed)
                            .nextLong(JournalDamageTest.usedBytes(made.disk, file) * 8));
            for (DamagedVersion version : scrub(made)) {
                listed++;
                for (long number : version.points()) {
                    RecoveryPoint point = RecoveryPoint.require(made.journal().points(), number);
                    assertThat(made.requireExactOrFault(point)).isPositive();
                }
            }
        }
        assertThat(listed).as("damaged versions that were listed").isGreaterThan(SEEDS / 4);
    }

    /// Ingest goes on for ever and nobody merges but the journal itself.
    @Test
    void a_lookup_never_asks_more_than_a_bounded_number_of_runs() {
        RandomJournal made =
                new RandomJournal(
                        new SplittableRandom(1),
                        JournalDamageTest.disk(1, "journal"),
                        new JournalLimits(128 << 10, 4));
        made.fill(400);
        assertThat(made.disk.list().stream().filter(f -> f.startsWith("run-")).count())
                .isLessThanOrEqualTo(33);
        everyPointReads(made);
    }

    /// A reader in another thread meets no file that a sweep has taken away.
    @Test
    void views_are_read_while_sweeps_swap_tables_and_delete_files() throws Exception {
        RandomJournal made = made(11, SMALL);
        RecoveryPoint held = made.journal().points().getFirst();
        made.journal().pin("reader", held.number(), Long.MAX_VALUE);
        JournalView view = made.journal().view(held.number());
        var stop = new AtomicBoolean();
        var rounds = new AtomicInteger();
        CompletableFuture<Void> reader =
                CompletableFuture.runAsync(() -> {
                    while (!stop.get()) {
                        assertThat(made.requireExactOrFault(view)).isZero();
                        rounds.incrementAndGet();
                    }
                });
        for (int i = 0; i < 40 || rounds.get() < 5; i++) {
            made.fill(4);
            sweep(made);
        }
        stop.set(true);
        reader.get();
        assertThat(rounds.get()).isPositive();
    }

    @Test
    void any_number_of_the_dense_window_is_shown_and_others_are_refused_with_the_window() {
        RandomJournal made = made(5, SMALL);
        sweep(made);
        Journal journal = made.journal();
        var volume = RandomJournal.VOLUMES.getFirst();
        long newest = journal.points().getLast().vector().getOrDefault(volume, 0L);
        assertThat(journal.view(volume, newest).size()).isEqualTo(RandomJournal.VOLUME_BYTES);
        assertThatThrownBy(() -> journal.view(volume, 0))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> assertThat(e.fault().message()).contains("to " + newest));
        assertThatThrownBy(() -> journal.view(volume, newest + 1))
                .isInstanceOf(FaultException.class);
    }

    /// I16 and I18: a number between two points stays while it is held, also over a start; what is let go goes.
    @Test
    void a_number_that_is_held_is_shown_when_the_points_around_it_are_thinned_out() {
        RandomJournal made = made(5, SMALL);
        var volume = RandomJournal.VOLUMES.getFirst();
        long between = betweenPoints(made.journal(), volume);
        byte[] then = content(made.journal().view(volume, between));
        made.journal().pin("volume x", volume, between, 1_000_000);
        made.fill(30);
        sweep(made);
        assertThatThrownBy(() -> made.journal().view(volume, between + 1))
                .as("what nobody holds")
                .hasMessageContaining("it can be at each write from");
        assertThat(content(made.journal().view(volume, between))).isEqualTo(then);
        made.journal().close();
        made.reopen(SMALL);
        made.journal()
                .pin(
                        "volume x",
                        volume,
                        between,
                        2_000_000); // the same again, outside of the window
        assertThat(made.journal().pins())
                .containsExactly(new Pin("volume x", new Pin.At(volume, between), 2_000_000));
        sweep(made);
        assertThat(content(made.journal().view(volume, between))).isEqualTo(then);
        everyPointReads(made);
        made.journal().unpin("volume x");
        assertThatThrownBy(() -> made.journal().view(volume, between))
                .hasMessageContaining("write " + between);
        assertThatThrownBy(() -> made.journal().pin("volume y", volume, between, 1_000_000))
                .hasMessageContaining("write " + between);
    }

    /// What a sweep under way will have thinned out when it ends is promised to nobody any more.
    @Test
    void a_number_that_a_running_sweep_takes_away_is_not_held_any_more() {
        RandomJournal made = made(5, SMALL);
        var volume = RandomJournal.VOLUMES.getFirst();
        List<RecoveryPoint> points = made.journal().points();
        long between = points.get(2).vector().getOrDefault(volume, 0L) + 1;
        Housekeeping house = house(made);
        house.tick(5_000);
        assertThat(made.journal().upkeep().sweeping()).isPresent();
        assertThatThrownBy(() -> made.journal().pin("volume x", volume, between, 1_000_000))
                .hasMessageContaining("write " + between);
        long newest = made.journal().points().getLast().vector().getOrDefault(volume, 0L);
        made.journal().pin("volume x", volume, newest, 1_000_000);
        byte[] then = content(made.journal().view(volume, newest));
        while (house.step(20_000)) {}
        assertThat(content(made.journal().view(volume, newest))).isEqualTo(then);
    }

    /// A number that no point holds, with a content that no point shows.
    private static long betweenPoints(Journal journal, VolumeId volume) {
        List<Long> cuts =
                journal.points().stream().map(p -> p.vector().getOrDefault(volume, 0L)).toList();
        List<ByteBuffer> shown =
                cuts.stream().map(c -> ByteBuffer.wrap(content(journal.view(volume, c)))).toList();
        for (long vseq = cuts.get(1); vseq < cuts.get(cuts.size() / 2); vseq++) {
            try {
                if (!shown.contains(ByteBuffer.wrap(content(journal.view(volume, vseq))))) {
                    return vseq;
                }
            } catch (FaultException e) {
                assertThat(e.fault()).isInstanceOf(JournalFault.NotExact.class);
            }
        }
        throw new AssertionError("nothing was written between points");
    }

    private static byte[] content(BlockImage image) {
        ByteBuffer all = ByteBuffer.allocate((int) image.size());
        image.read(0, all);
        return all.array();
    }

    @Test
    void a_full_quota_refuses_data_with_the_numbers_and_history_is_shortened_before() {
        RandomJournal made = made(6, new JournalLimits(128 << 10, 80, 4 << 20));
        var full = new HashSet<JournalRoom.Pressure>();
        Housekeeping house =
                new Housekeeping(
                        made.journal(), Housekeeping.Settings.DEFAULT, new ReentrantLock());
        int points = 0;
        for (int i = 0; i < 400; i++) {
            made.fill(2);
            points++;
            full.add(house.report().pressure());
            house.tick(3000 + i);
            while (house.step(1 << 20)) {}
            assertThat(made.journal().points()).isNotEmpty();
        }
        assertThat(full).contains(JournalRoom.Pressure.SHORTENING);
        assertThat(made.journal().points()).hasSizeLessThan(points);
        everyPointReads(made);
        assertThatThrownBy(
                        () -> {
                            for (int i = 0; i < 4000; i++) {
                                made.write(0, 0, 4096);
                            }
                        })
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> assertThat(e.fault()).isInstanceOf(JournalFault.Full.class));
        long newest = made.journal().points().getFirst().number();
        assertThatThrownBy(() -> made.journal().protect(newest, true))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e ->
                                assertThat(e.fault())
                                        .isInstanceOf(JournalFault.NoRoomToProtect.class));
    }

    /// I1: between the newest point and the newest number only the latter is still exact, so no other cut becomes a point, also after a start.
    @Test
    void a_backlog_that_fills_the_quota_is_folded_and_no_cut_inside_it_becomes_a_point() {
        JournalLimits limits = new JournalLimits(128 << 10, 80, 2 << 20);
        var made =
                new RandomJournal(
                        new SplittableRandom(3), JournalDamageTest.disk(3, "journal"), limits);
        made.fill(0);
        long cut = made.journal().through(0);
        writeUntilFull(made);
        long through = made.journal().through(0);
        long inside = (cut + through) / 2;
        assertThat(made.journal().covers(0, inside)).isTrue();
        sweep(made);
        for (int start = 1; start <= 2; start++) {
            assertThat(made.journal().covers(0, inside)).isFalse();
            assertThat(made.journal().splitsReplacement(0, inside)).isTrue();
            assertThat(made.journal().covers(0, through)).isTrue();
            made.journal().close();
            made.reopen(limits);
        }
        made.write(0, 0, 512);
        made.point();
        assertThat(made.journal().points().getLast().vector())
                .containsEntry(RandomJournal.VOLUMES.getFirst(), made.journal().through(0));
        everyPointReads(made);
    }

    private static void writeUntilFull(RandomJournal made) {
        assertThatThrownBy(
                        () -> {
                            for (int i = 0; i < 5_000; i++) {
                                made.write(0, i % 4 * 4096, 4096);
                            }
                        })
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> assertThat(e.fault()).isInstanceOf(JournalFault.Full.class));
    }

    /// Its directory may belong to a new journal by then.
    @Test
    void a_closed_journal_is_swept_no_more() {
        RandomJournal made = made(9, SMALL);
        Housekeeping house = house(made);
        house.tick(5_000);
        assertThat(house.step(1)).isTrue();
        List<RecoveryPoint> points = made.journal().points();
        made.journal().close();
        List<String> files = made.disk.list();
        assertThat(house.step(1 << 20)).isFalse();
        house.tick(6_000);
        assertThat(house.step(1 << 20)).isFalse();
        assertThat(made.disk.list()).isEqualTo(files).noneMatch(f -> f.startsWith("kept-"));
        made.reopen(SMALL);
        assertThat(made.journal().points()).isEqualTo(points);
        everyPointReads(made);
    }

    private static RandomJournal made(long seed, JournalLimits limits) {
        var random = new SplittableRandom(seed);
        var made =
                new RandomJournal(
                        random, JournalDamageTest.disk(random.nextLong(), "journal"), limits);
        made.fill(90);
        return made;
    }

    /// The files of a kind that hold more than zeros.
    private static List<String> written(RandomJournal made, String kind) {
        return made.disk.list().stream()
                .filter(f -> f.startsWith(kind))
                .filter(f -> JournalDamageTest.usedBytes(made.disk, f) > 0)
                .toList();
    }

    private static Housekeeping house(RandomJournal made) {
        return new Housekeeping(
                made.journal(),
                new Housekeeping.Settings(SHORT, Duration.ofMillis(1)),
                new ReentrantLock());
    }

    private static void sweep(RandomJournal made) {
        sweep(made.journal(), 5_000);
    }

    private static void sweep(Journal journal, long now) {
        Housekeeping house =
                new Housekeeping(
                        journal,
                        new Housekeeping.Settings(SHORT, Duration.ofMillis(1)),
                        new ReentrantLock());
        house.tick(now);
        while (house.step(20_000)) {}
    }

    private static List<DamagedVersion> scrub(RandomJournal made) {
        Scrub scrub = made.journal().upkeep().scrub();
        while (scrub.step(10_000)) {}
        return new ArrayList<>(scrub.found());
    }

    private static void everyPointReads(RandomJournal made) {
        for (RecoveryPoint point : made.journal().points()) {
            assertThat(made.requireExactOrFault(point)).as("faults in %s", point).isZero();
        }
    }

    private static JournalReader reader(RandomJournal made) {
        return JournalReader.open(new ReadOnlyDisk(made.disk, made.disk::open));
    }
}
