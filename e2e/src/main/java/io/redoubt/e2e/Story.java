// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e;

import io.redoubt.core.grant.GrantTimes;
import io.redoubt.e2e.verdict.Broken;
import io.redoubt.e2e.verdict.Finding;
import io.redoubt.e2e.verdict.Judge;
import io.redoubt.e2e.verdict.Loss;
import io.redoubt.e2e.verdict.Promise;
import io.redoubt.e2e.verdict.Transcript;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// The sequence: a machine is protected, tested, lost and recovered; then once more with a zone that only stood still.
final class Story {
    static final int INTERVAL_SECONDS = 5;

    private static final Duration NEXT_POINT = Duration.ofSeconds(4L * INTERVAL_SECONDS);
    private static final int POINTS_BEFORE_TEST = 3;

    /// A guest under test shares two processors with the machine that goes on.
    private static final long SILENCE_MILLIS_MAX = 5000;

    /// Longer than a QEMU looks for a disk that is away.
    private static final Duration OWN_REFUSAL = Duration.ofMinutes(1);

    private static final Duration WATCHED = Duration.ofSeconds(4);
    private static final int NEW_ACKS = 3;
    private static final Duration WRITES_AGAIN = Duration.ofSeconds(30);

    private final DemoRegion region;
    private final Narrator tell;
    private final RandomGenerator random;
    private final String tag;

    /// @param random draws the moments of the disasters
    /// @param tag    sets the names of this run apart from those of another run in the same region
    Story(DemoRegion region, Narrator tell, RandomGenerator random, String tag) {
        this.region = region;
        this.tell = tell;
        this.random = random;
        this.tag = tag;
    }

    List<Round> play() {
        ProtectedMachine first = protectedMachine("shop-" + tag);
        testFailover(first);
        Round killed = killed(first);
        region.make("/v1/machines/" + first.id() + "/stop", Map.of("mode", "pause"));
        tell.say(
                "%s is paused in zone b, so that both rounds are measured alike"
                        .formatted(first.name()));
        ProtectedMachine second = protectedMachine("depot-" + tag);
        Round paused = paused(second);
        return List.of(killed, paused);
    }

    private ProtectedMachine protectedMachine(String name) {
        tell.step(
                "Machine %s boots in zone a: ext4 with sqlite on one disk, XFS on the other"
                        .formatted(name));
        ProtectedMachine machine = ProtectedMachine.create(region, tell, name);
        tell.step(
                "%s is protected into zone b, a point every %d s"
                        .formatted(name, INTERVAL_SECONDS));
        machine.protect(INTERVAL_SECONDS);
        return machine;
    }

    private void testFailover(ProtectedMachine machine) {
        tell.step("Test failover at an older point, while %s goes on".formatted(machine.name()));
        long firstRowAt = machine.transcript().seenAt(1).orElse(Long.MAX_VALUE);
        List<Point> points =
                Waiting.until(
                        "group %s has %d points since its first write"
                                .formatted(machine.name(), POINTS_BEFORE_TEST),
                        NEXT_POINT.multipliedBy(2),
                        () ->
                                machine.points().stream()
                                        .filter(point -> point.atMillis() > firstRowAt)
                                        .toList(),
                        list -> list.size() >= POINTS_BEFORE_TEST);
        Point older = points.get(POINTS_BEFORE_TEST - 1);
        long newestBefore = points.getFirst().number();
        long from = System.currentTimeMillis();
        tell.say(
                "reported RPO %s s; newest point %d, tested is %d, %.1f s old"
                        .formatted(
                                machine.group().path("rpoSeconds"),
                                newestBefore,
                                older.number(),
                                older.ageSecondsAt(from)));
        Recovery test =
                Recovery.start(region, tell, machine, "test", Long.toString(older.number()));
        Finding found = test.awaitFinding(Finding.VERIFIED);
        tell.say("the copy verified: " + found.words());
        tell.judge("both disks are whole and of one instant", Judge.disks(found));
        tell.judge(
                "the older point ends where its time says",
                Judge.exact(machine.transcript(), found, test.point().atMillis()));
        tell.judge("the copy has no network and no path to zone a", isolation(test));
        machine.awaitPointAfter(newestBefore, NEXT_POINT);
        region.remove("/v1/failovers/" + test.id());
        long to = System.currentTimeMillis();
        test.witness().close();
        tell.judge("torn down: its QEMU is gone", tornDown(test));
        long published = machine.newestPoint().map(Point::number).orElse(0L) - newestBefore;
        Transcript said = machine.transcript();
        tell.judge(
                "meanwhile %d acknowledgements and %d points; longest silence %d ms"
                        .formatted(
                                said.acksBetween(from, to),
                                published,
                                said.longestSilenceMillis(from, to)),
                Judge.wentOn(said, from, to, published, SILENCE_MILLIS_MAX));
    }

    private List<Broken> isolation(Recovery test) {
        var broken = new ArrayList<Broken>();
        if (GuestDisk.hasNetwork(test.qemuPid())) {
            broken.add(new Broken(Promise.TEST_ISOLATED, "its QEMU has a network device"));
        }
        Path ownZone = region.zoneHome(DemoRegion.RECOVERY_ZONE);
        for (GuestDisk disk : GuestDisk.ofQemu(test.qemuPid())) {
            if (!disk.socket().startsWith(ownZone)) {
                broken.add(new Broken(Promise.TEST_ISOLATED, "its QEMU has the disk " + disk));
            }
        }
        return broken;
    }

    private static List<Broken> tornDown(Recovery test) {
        return Processes.isAlive(test.qemuPid())
                ? List.of(
                        new Broken(
                                Promise.TEST_LEAVES_NOTHING,
                                "QEMU " + test.qemuPid() + " still runs"))
                : List.of();
    }

    private Round killed(ProtectedMachine machine) {
        tell.step(
                "Disaster: every process of zone a is killed at a moment drawn from one interval");
        Point published = awaitDrawnMoment(machine);
        long at = region.kill(DemoRegion.SOURCE_ZONE);
        Transcript lost = machine.transcript();
        tell.say("last words of zone a: ACK %d".formatted(lost.lastAck()));
        Recovered recovered = recover(machine, lost, at, published);
        Round round = round("SIGKILL", recovered);

        tell.step("Zone a comes back and is refused as a writer");
        try (var writes = ForbiddenWrites.begin(machine.disks())) {
            region.startNode(DemoRegion.SOURCE_ZONE);
            Waiting.pause(WATCHED);
            tell.judge("no write under the old attachments is taken", writes.end(tell));
        }
        tell.judge(
                "the old copy acknowledged nothing more",
                Judge.silentAfterKill(machine.transcript(), lost.lastAck()));
        machine.witness().close();
        return round;
    }

    private Round paused(ProtectedMachine machine) {
        tell.step("Second disaster: zone a stands still (SIGSTOP), and does not know it");
        machine.awaitPointAfter(machine.newestPoint().map(Point::number).orElse(0L), NEXT_POINT);
        Point published = awaitDrawnMoment(machine);
        long at = region.pause(DemoRegion.SOURCE_ZONE);
        Transcript lost = machine.transcript();
        tell.say("last words of zone a: ACK %d".formatted(lost.lastAck()));
        Recovered recovered = recover(machine, lost, at, published);

        tell.step("Zone a goes on (SIGCONT): its QEMU tries to write where it stood");
        try (var writes = ForbiddenWrites.begin(machine.disks())) {
            region.resume(DemoRegion.SOURCE_ZONE);
            Waiting.pause(WATCHED);
            tell.judge("no write under the old attachments is taken", writes.end(tell));
        }
        tell.judge("the old guest is halted", halted(machine));
        tell.judge(
                "the old copy acknowledged at most the one that was on its way",
                Judge.silentAfterPause(machine.transcript(), lost.lastAck()));
        Round round = round("SIGSTOP", recovered);
        tell.judge(
                "and is still silent after the boots",
                Judge.silentAfterPause(machine.transcript(), lost.lastAck()));
        machine.witness().close();
        return round;
    }

    /// Waits for a new point, then for a part of the interval to the next.
    ///
    /// @return the newest point when the moment has come
    private Point awaitDrawnMoment(ProtectedMachine machine) {
        long newest = machine.newestPoint().map(Point::number).orElse(0L);
        Point next = machine.awaitPointAfter(newest, NEXT_POINT);
        long millis = random.nextLong(INTERVAL_SECONDS * 1000L);
        tell.say(
                "point %d is published; the moment is %d ms later"
                        .formatted(next.number(), millis));
        Waiting.pause(Duration.ofMillis(millis));
        return machine.newestPoint().orElse(next);
    }

    private record Recovered(Recovery recovery, Loss loss) {}

    private Recovered recover(ProtectedMachine machine, Transcript lost, long at, Point published) {
        tell.step("Live failover of %s to the newest point in zone b".formatted(machine.name()));
        double decided = (System.currentTimeMillis() - at) / 1e3;
        Recovery recovery = Recovery.start(region, tell, machine, "live", "newest");
        Finding found = recovery.awaitFinding(Finding.FOUND);
        tell.say("the guest in zone b found: " + found.words());
        Loss loss = Judge.loss(lost, found, at);
        tell.say(
                "last ACK %d, %d rows: lost %d writes, %d bytes, %.2f s (reported: %.2f s)"
                        .formatted(
                                loss.lastAck(),
                                loss.rowsFound(),
                                loss.writes(),
                                loss.bytes(),
                                loss.seconds(),
                                recovery.reportedRpoSeconds()));
        tell.say("RTO " + recovery.rto().words());
        tell.judge("both disks are whole and of one instant", Judge.disks(found));
        tell.judge(
                "point %d, published before the disaster, is the one"
                        .formatted(recovery.point().number()),
                kept(published, recovery.point()));
        tell.judge(
                "the point ends where its time says",
                Judge.exact(lost, found, recovery.point().atMillis()));
        tell.judge("RPO %.2f s".formatted(loss.seconds()), Judge.rpo(loss));
        tell.judge(
                "%.2f s are reported, %.2f s of them until the decision"
                        .formatted(recovery.reportedRpoSeconds(), decided),
                Judge.told(loss, recovery.reportedRpoSeconds(), decided));
        Waiting.until(
                "the recovered guest of %s writes again".formatted(machine.name()),
                WRITES_AGAIN,
                () ->
                        ProtectedMachine.healthy(machine.name(), recovery.witness().transcript())
                                .lastAck(),
                last -> last >= found.maxId() + NEW_ACKS);
        tell.say(
                "and it writes again: ACK %d".formatted(recovery.witness().transcript().lastAck()));
        return new Recovered(recovery, loss);
    }

    private static List<Broken> kept(Point published, Point used) {
        return used.number() >= published.number()
                ? List.of()
                : List.of(
                        new Broken(
                                Promise.POINT_KEPT,
                                "point %d was published, the newest that is left is %d"
                                        .formatted(published.number(), used.number())));
    }

    private Round round(String disaster, Recovered recovered) {
        tell.step("The yardstick: bare boots of the recovered disks");
        BareBoot bareBoot = BareBoot.measure(region, tell, recovered.recovery().copy());
        Rto rto = recovered.recovery().rto();
        double grants = GrantTimes.DEFAULT.expiryNanos() / 1e9;
        double slower = recovered.recovery().work().beyond(bareBoot.work());
        tell.judge(
                "RTO %.2f s, bare boot %.2f s, grants %.0f s, the host slower by %.2f s"
                        .formatted(rto.total(), bareBoot.seconds(), grants, slower),
                Judge.rto(rto.total(), bareBoot.seconds(), grants, slower));
        recovered.recovery().witness().close();
        Loss loss = recovered.loss();
        return new Round(
                disaster,
                loss.seconds(),
                recovered.recovery().reportedRpoSeconds(),
                rto,
                bareBoot.seconds(),
                slower,
                loss.rowsFound(),
                loss.lastAck(),
                loss.writes(),
                loss.bytes(),
                recovered.recovery().point().number());
    }

    /// Whether a write of the old QEMU itself was refused, and the processors of its guest stand still although the process may run.
    private List<Broken> halted(ProtectedMachine machine) {
        var broken = new ArrayList<Broken>();
        Optional<String> refused = awaitOwnRefusal(machine);
        tell.say(refused.orElse("node-a.log tells of no refused write of " + machine.id()));
        if (refused.isEmpty()) {
            broken.add(
                    new Broken(
                            Promise.ONE_WRITER,
                            "no write of the replaced QEMU %d was refused within %d s"
                                    .formatted(machine.qemuPid(), OWN_REFUSAL.toSeconds())));
        }
        long before = Processes.guestTicks(machine.qemuPid());
        Waiting.pause(WATCHED);
        long ticks = Processes.guestTicks(machine.qemuPid()) - before;
        tell.say(
                "QEMU %d: its guest's processor ran %d ms in %d s"
                        .formatted(machine.qemuPid(), ticks * 10, WATCHED.toSeconds()));
        if (ticks > 0) {
            broken.add(
                    new Broken(
                            Promise.ONE_WRITER,
                            "the guest of the replaced QEMU %d still runs"
                                    .formatted(machine.qemuPid())));
        }
        return broken;
    }

    /// QEMU tells its node of a request that a disk refused, and the node writes it down.
    private Optional<String> awaitOwnRefusal(ProtectedMachine machine) {
        long deadline = System.nanoTime() + OWN_REFUSAL.toNanos();
        Optional<String> line = ownRefusal(machine);
        while (line.isEmpty() && System.nanoTime() < deadline) {
            Waiting.pause(Duration.ofMillis(200));
            line = ownRefusal(machine);
        }
        return line;
    }

    private Optional<String> ownRefusal(ProtectedMachine machine) {
        return region.nodeLog(DemoRegion.SOURCE_ZONE).stream()
                .filter(line ->
                        line.contains("machine %s is paused: disk".formatted(machine.id()))
                                && line.contains("refused a write"))
                .findFirst();
    }
}
