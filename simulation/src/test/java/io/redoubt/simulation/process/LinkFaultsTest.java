// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Real processes on three hosts under everything that happens to hosts and links (I1, I2, I3, I7, I33, rule 10): every point is exact
/// and causal, nothing acknowledged is lost, guests do not wait for the link, points go on after each fault, and at last both sides are the same.
///
/// `-Dseed=N` draws the same order of faults and the same load.
class LinkFaultsTest {
    private static final Duration SHORT = Duration.ofSeconds(60);
    private static final Duration LONG = Duration.ofMinutes(30);
    private static final long SHORT_ROOM = 768L << 20;
    private static final long LONG_ROOM = 16L << 30;
    private static final int LONG_POINTS_LEAST = 1_000;

    /// A fault lasts longer than this, so a guest that waited for its end would be seen. What is allowed is a cut (50 ms), a sync of the
    /// local disk, and the start of other programs on the same processors.
    private static final Duration WAIT_MAX = Duration.ofSeconds(2);

    private static final Duration HOLD_LEAST = Duration.ofSeconds(3);
    private static final long FELT_MILLIS_LEAST = 1_000;

    /// Of a link that is delayed by 10 s, once: what was sent before must have arrived.
    private static final Duration HOLD_DELAYED = Duration.ofSeconds(14);

    /// A stopped source finds its grants expired; the next ones come within a second.
    private static final long REGRANT_NANOS = 3_000_000_000L;

    @TempDir Path home;

    @Test
    void every_point_is_exact_and_no_guest_waits_in_a_minute_of_faults() throws Exception {
        faultsFor(Scenario.FAULTS, SHORT, HOLD_LEAST, withoutRoom(), Optional.empty());
    }

    @Test
    void a_receiver_without_room_goes_on_once_it_has_some() throws Exception {
        Assumptions.assumeTrue(Room.possible(), "mounting a file system needs root");
        faultsFor(
                Scenario.FAULTS,
                Duration.ofSeconds(10),
                HOLD_LEAST,
                List.of(LinkFault.RECEIVER_FULL),
                Optional.of(SHORT_ROOM));
    }

    /// A89: of random cuts, at least a thousand, each is exactly a prefix.
    @Test
    @Tag("long")
    void every_point_is_exact_and_no_guest_waits_in_half_an_hour_of_faults() throws Exception {
        int points =
                faultsFor(
                        Scenario.FAULTS_LONG,
                        LONG,
                        Duration.ofSeconds(60),
                        Room.possible() ? List.of(LinkFault.values()) : withoutRoom(),
                        Room.possible() ? Optional.of(LONG_ROOM) : Optional.empty());
        assertThat(points).isGreaterThanOrEqualTo(LONG_POINTS_LEAST);
    }

    private static List<LinkFault> withoutRoom() {
        return Arrays.stream(LinkFault.values()).filter(f -> f != LinkFault.RECEIVER_FULL).toList();
    }

    /// @param hold how long a fault lasts; every second time only [#HOLD_LEAST]
    /// @return how many points were compared
    private int faultsFor(
            Scenario scenario,
            Duration duration,
            Duration hold,
            List<LinkFault> faults,
            Optional<Long> roomBytes)
            throws Exception {
        long seed = Long.getLong("seed", System.nanoTime() & 0xFFFFFF);
        System.out.println("LinkFaultsTest seed " + seed);
        Optional<Room> room = Optional.empty();
        Hosts hosts = Hosts.make();
        try {
            if (roomBytes.isPresent()) {
                room =
                        Optional.of(
                                new Room(
                                        home.resolve("room"),
                                        home.resolve("room.img"),
                                        roomBytes.get()));
            }
            return drillFor(
                    new Drill(scenario, home, hosts, seed, room),
                    scenario,
                    duration,
                    hold,
                    faults,
                    seed);
        } finally {
            hosts.remove();
            if (room.isPresent()) {
                room.get().remove();
            }
        }
    }

    private int drillFor(
            Drill drill,
            Scenario scenario,
            Duration duration,
            Duration hold,
            List<LinkFault> faults,
            long seed)
            throws Exception {
        var random = new Random(seed);
        long drained;
        try {
            drill.start();
            long end = System.nanoTime() + duration.toNanos();
            boolean all = false;
            for (int turn = 0; !all || System.nanoTime() < end; turn++) {
                var order = new ArrayList<>(faults);
                Collections.shuffle(order, random);
                for (LinkFault fault : order) {
                    if (all && System.nanoTime() >= end) {
                        break;
                    }
                    Thread.sleep(
                            random.nextInt(
                                    (int) hold.toMillis() / 2)); // points are made in between
                    drill.strike(fault, hold(fault, turn, hold));
                }
                all = true;
            }
            drained = drill.drain();
        } finally {
            drill.kill();
        }
        try (var judge = new Judge(scenario, home, drill.journal(), seed)) {
            judge.judge(drained);
            requireShortWaits(drill);
            tell(judge, drill);
            return judge.points().size();
        }
    }

    private static Duration hold(LinkFault fault, int turn, Duration longest) {
        if (turn % 2 != 0) {
            return HOLD_LEAST;
        }
        boolean delayed = fault == LinkFault.LINK_DELAYED;
        return delayed && longest.compareTo(HOLD_DELAYED) < 0 ? HOLD_DELAYED : longest;
    }

    private void requireShortWaits(Drill drill) throws Exception {
        var waits = new Waits(LoadLog.read(home.resolve(SourceProcess.LOAD)));
        for (Drill.Struck struck : drill.struck()) {
            long longest = waits.longestNanos(struck.beginNanos(), struck.endNanos());
            System.out.printf(
                    "%-17s %5d ms, longest wait %4d ms, newest point %5d ms old, fresh one after %5d ms%n",
                    struck.fault(),
                    (struck.endNanos() - struck.beginNanos()) / 1_000_000,
                    longest / 1_000_000,
                    struck.ageMillis(),
                    struck.freshMillis());
            if (struck.fault().stopsPoints()) {
                assertThat(struck.ageMillis())
                        .as(
                                "%s was felt: a fault that nobody notices proves nothing",
                                struck.fault())
                        .isGreaterThan(FELT_MILLIS_LEAST);
            }
            if (!struck.fault().atSource()) {
                assertThat(Duration.ofNanos(longest))
                        .as("rule 10: a guest's wait during %s", struck.fault())
                        .isLessThan(WAIT_MAX);
            }
        }
        long previous = Long.MIN_VALUE;
        for (Drill.Struck struck : drill.struck()) {
            long calm = waits.longestNanos(previous, struck.beginNanos());
            if (previous != Long.MIN_VALUE) {
                assertThat(Duration.ofNanos(calm))
                        .as("a guest's wait after a fault")
                        .isLessThan(WAIT_MAX);
            }
            previous = struck.endNanos() + REGRANT_NANOS;
        }
    }

    private void tell(Judge judge, Drill drill) throws Exception {
        List<PointsLog.Sample> outside =
                judge.requireHonestReports(home.resolve(ReceiverProcess.POINTS));
        List<PointsLog.Sample> reported =
                judge.requireHonestReports(home.resolve(SourceProcess.REPORTED));
        assertThat(reported).isNotEmpty();
        long[] ages = outside.stream().mapToLong(PointsLog.Sample::ageMillis).sorted().toArray();
        System.out.printf(
                "%d faults, %d acknowledged writes, %d points compared, %d states after a start;"
                        + " age of the newest point: p50 %d ms, p99 %d ms, at most %d ms%n",
                drill.struck().size(),
                judge.acknowledged(),
                judge.points().size(),
                judge.comparedAfterStarts(),
                ages[ages.length / 2],
                ages[ages.length * 99 / 100],
                ages[ages.length - 1]);
        assertThat(judge.points().size()).as("points compared").isGreaterThan(50);
        assertThat(judge.acknowledged()).as("acknowledged writes").isGreaterThan(100);
    }
}
