// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.VolumeId;
import io.redoubt.simulation.process.LoadLog.Entry;
import io.redoubt.simulation.process.LoadLog.Kind;
import io.redoubt.storage.block.RawVolume;
import io.redoubt.storage.journal.Journal;
import io.redoubt.storage.journal.RecoveryPoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// Compares what both sides left with what the load says, after the last process has ended.
final class Judge implements AutoCloseable {
    /// Stamps rise with every cut, so a few cuts within one millisecond go ahead of the clock.
    private static final long AHEAD_MILLIS_MAX = 5;

    private final Scenario scenario;
    private final Path home;
    private final List<Entry> log;
    private final List<Replayed> replays = new ArrayList<>();
    private final Journal journal;

    Judge(Scenario scenario, Path home, Path journal, long seed) throws IOException {
        this.scenario = scenario;
        this.home = home;
        this.log = LoadLog.read(home.resolve(SourceProcess.LOAD));
        for (int v = 0; v < scenario.volumes().size(); v++) {
            replays.add(new Replayed(seed, v, log));
        }
        this.journal = RealReceiver.open(journal, scenario);
    }

    /// All of it: nothing acknowledged is lost at the source, both sides are the same, every point is exact, causal and honest.
    ///
    /// @param drainedPoint published after the last write
    void judge(long drainedPoint) throws IOException {
        assertThat(journal.damage()).isEmpty();
        assertThat(points()).isNotEmpty();
        assertThat(points().getLast().number()).isGreaterThanOrEqualTo(drainedPoint);
        requireSameOnBothSides();
        requireSameAfterStarts();
        requireOrder();
        requireUnchanged();
        requireExactPoints();
        requireHonestStamps();
    }

    /// I4 and I5: what a point showed when it was new is what it shows now.
    private void requireUnchanged() throws IOException {
        List<SeenLog.Seen> seen = SeenLog.read(home.resolve(ReceiverProcess.SEEN));
        assertThat(seen).isNotEmpty();
        for (SeenLog.Seen each : seen) {
            assertThat(LoadLog.crc(atPoint(each.point(), each.volume())))
                    .as("I4, I5: volume %d at point %d", each.volume(), each.point())
                    .isEqualTo(each.crc());
        }
    }

    List<RecoveryPoint> points() {
        return journal.points();
    }

    int acknowledged() {
        return replays.stream().mapToInt(r -> r.acknowledged().size()).sum();
    }

    /// How often both sides were compared as a new life found them.
    int comparedAfterStarts() {
        return (int) log.stream().filter(e -> e.kind() == Kind.FOUND).count();
    }

    private byte[] atPoint(long number, int volume) {
        return OverlapTest.content(journal.view(number).volume(scenario.volumes().get(volume)));
    }

    /// I7, and promise 1: what was acknowledged is at the source.
    private void requireSameOnBothSides() {
        for (int v = 0; v < replays.size(); v++) {
            VolumeId id = scenario.volumes().get(v);
            RecoveryPoint newest = points().getLast();
            try (RawVolume local = RealSource.raw(home.resolve(SourceProcess.VOLUMES), id)) {
                byte[] content = OverlapTest.content(local);
                replays.get(v).requireSame("the source", content, Long.MAX_VALUE);
                assertThat(atPoint(newest.number(), v))
                        .as("I7: %s at the newest point", id)
                        .isEqualTo(content);
            }
            assertThat(cut(newest, v)).isGreaterThanOrEqualTo(replays.get(v).lastAcknowledged());
        }
    }

    private void requireSameAfterStarts() {
        for (Entry found : log) {
            if (found.kind() == Kind.FOUND) {
                assertThat(LoadLog.crc(atPoint(found.op(), found.volume())))
                        .as(
                                "I7: %s as life %d found it",
                                scenario.volumes().get(found.volume()), found.process())
                        .isEqualTo(found.vseq());
            }
        }
    }

    /// I3.
    private void requireOrder() {
        for (int i = 1; i < points().size(); i++) {
            RecoveryPoint before = points().get(i - 1);
            RecoveryPoint after = points().get(i);
            assertThat(after.stampMillis()).as("I3").isGreaterThan(before.stampMillis());
            for (int v = 0; v < replays.size(); v++) {
                assertThat(cut(after, v)).as("I3").isGreaterThanOrEqualTo(cut(before, v));
            }
        }
    }

    /// I1 and I2: every point shows exactly the replay up to its cut, and no token without its predecessors.
    private void requireExactPoints() {
        var chains = new Chains(scenario, log);
        for (RecoveryPoint point : points()) {
            String what = "point " + point.number();
            List<byte[]> contents = new ArrayList<>();
            for (int v = 0; v < replays.size(); v++) {
                contents.add(atPoint(point.number(), v));
                replays.get(v).requireSame("I1: " + what, contents.get(v), cut(point, v));
            }
            chains.requireWhole(what, contents);
        }
    }

    /// I33, its first half: whatever was acknowledged before a point's stamp is in the point, so the age of a point is not less than what
    /// is lost with it.
    private void requireHonestStamps() {
        for (int v = 0; v < replays.size(); v++) {
            List<Entry> acknowledged = replays.get(v).acknowledged();
            for (RecoveryPoint point : points()) {
                long cut = cut(point, v);
                int at = firstAbove(acknowledged, cut);
                if (at < acknowledged.size()) {
                    // What has a higher number may have been acknowledged a little earlier by
                    // another thread, so look at some.
                    for (Entry missing :
                            acknowledged.subList(at, Math.min(at + 64, acknowledged.size()))) {
                        assertThat(missing.wallMillis())
                                .as("I33: point %d lacks %s", point.number(), missing)
                                .isGreaterThanOrEqualTo(point.stampMillis() - AHEAD_MILLIS_MAX);
                    }
                }
            }
        }
    }

    private static int firstAbove(List<Entry> acknowledged, long cut) {
        int low = 0;
        int high = acknowledged.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (acknowledged.get(middle).vseq() <= cut) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /// I33, its second half: what a side said was the newest published point was one, and published by then.
    ///
    /// @return the samples that named a point
    List<PointsLog.Sample> requireHonestReports(Path said) throws IOException {
        Map<Long, RecoveryPoint> published = new HashMap<>();
        points().forEach(p -> published.put(p.number(), p));
        var named = new ArrayList<PointsLog.Sample>();
        for (PointsLog.Sample sample : PointsLog.read(said)) {
            if (sample.number() == 0) {
                assertThat(sample.stampMillis()).as("an age without a point").isZero();
                continue;
            }
            RecoveryPoint point = published.get(sample.number());
            assertThat(point).as("I5, I33: %s in %s", sample, said).isNotNull();
            assertThat(Objects.requireNonNull(point).stampMillis()).isEqualTo(sample.stampMillis());
            assertThat(point.publishedMillis()).isLessThanOrEqualTo(sample.wallMillis());
            named.add(sample);
        }
        return named;
    }

    private long cut(RecoveryPoint point, int volume) {
        return Objects.requireNonNull(point.vector().get(scenario.volumes().get(volume)));
    }

    @Override
    public void close() {
        journal.close();
    }
}
