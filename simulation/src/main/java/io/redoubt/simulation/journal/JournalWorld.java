// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.journal;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.DiskFault;
import io.redoubt.core.port.DiskFile;
import io.redoubt.simulation.machine.ProcessKilled;
import io.redoubt.simulation.machine.SimDisk;
import io.redoubt.simulation.machine.SimHost;
import io.redoubt.simulation.machine.SimTime;
import io.redoubt.simulation.machine.SyncLedger;
import io.redoubt.simulation.machine.Violation;
import io.redoubt.storage.journal.Housekeeping;
import io.redoubt.storage.journal.Journal;
import io.redoubt.storage.journal.JournalFault;
import io.redoubt.storage.journal.JournalLimits;
import io.redoubt.storage.journal.JournalView;
import io.redoubt.storage.journal.Ladder;
import io.redoubt.storage.journal.RecoveryPoint;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// One seed's life of a journal: load, points, pins, retention and sweeps in steps, while its process dies at any disk call, its host loses
/// power, its quota is small, and, in some lives, bits turn. Then the faults end, history is short, and it must be small and go on.
///
/// Checked after every start and every sweep, and at its end: I5, I16, I17, I18, I24, I25, I29, I31; see [Ledger].
public final class JournalWorld {
    private static final UUID LINEAGE = new UUID(0x5EED, 3);
    private static final int SEGMENT_BYTES = 128 << 10;
    private static final int ACTIONS = 260;

    /// Numbers that the journal gives to a point of its own come from the first of these.
    private static final long NUMBERS_OF_JOURNAL = 1_000;

    private static final int LAST_ROUNDS = 12;
    private static final long MINUTE_MILLIS = 60_000;
    private static final Ladder LADDER =
            new Ladder(
                    List.of(
                            new Ladder.Rung(Duration.ofMinutes(10), Duration.ZERO),
                            new Ladder.Rung(Duration.ofMinutes(40), Duration.ofMinutes(10)),
                            new Ladder.Rung(Duration.ofMinutes(120), Duration.ofMinutes(30))));

    private final SplittableRandom random;
    private final SimTime time = new SimTime();
    private final SimHost host;
    private final SimDisk disk;
    private final JournalLimits limits;
    private final List<Guest> guests = new ArrayList<>();
    private final Ledger ledger;
    private final HeldNumbers numbers;
    private final boolean turnsBits;
    private final Map<String, JournalView> views = new LinkedHashMap<>();
    private Journal journal;
    private Housekeeping housekeeping;
    private Pass pass = Pass.NONE;
    private @Nullable RecoveryPoint late;
    private long number;
    private long trace = 0xcbf29ce484222325L;
    private final boolean adopts;
    private final Set<Guest> taken = new HashSet<>();
    private final @Nullable SimKeys keys;
    private boolean kept;
    private boolean faulty = true;
    private boolean over;

    public JournalWorld(long seed, SyncLedger syncs) {
        random = new SplittableRandom(seed);
        host = new SimHost(random.split(), time, syncs);
        disk = host.disk("journal");
        int volumes = 2 + random.nextInt(2);
        for (int slot = 0; slot < volumes; slot++) {
            guests.add(new Guest(slot, (8 + random.nextInt(8)) * Guest.BLOCK));
        }
        long quota =
                random.nextInt(3) == 0
                        ? JournalLimits.NO_QUOTA
                        : (8L + random.nextInt(10)) * SEGMENT_BYTES;
        limits = new JournalLimits(SEGMENT_BYTES, 10 + random.nextInt(60), quota);
        ledger =
                new Ledger(
                        guests, Duration.ofMinutes(10).toMillis(), quota != JournalLimits.NO_QUOTA);
        numbers = new HeldNumbers(ledger);
        turnsBits = random.nextInt(8) == 0;
        keys = random.nextBoolean() ? new SimKeys("tenant") : null;
        adopts = !turnsBits && random.nextInt(3) == 0;
        if (adopts) {
            ledger.adopting();
            guests.forEach(this::putOld);
            disk.sync();
            number = NUMBERS_OF_JOURNAL;
        }
        journal = Journal.open(disk, LINEAGE, null, limits, keys);
        housekeeping = started(journal);
    }

    private static String oldFile(Guest guest) {
        return "old-%d.raw".formatted(guest.slot);
    }

    /// What somebody's volume was; what was written last is known to nothing but the page cache.
    private void putOld(Guest guest) {
        try (DiskFile file = disk.create(oldFile(guest))) {
            file.write(0, ByteBuffer.wrap(guest.hold(random)));
            file.sync();
            file.write(0, ByteBuffer.wrap(guest.hold(random)));
        }
    }

    /// A power loss may have changed it, until it is taken.
    private void lookAtOld(Guest guest) {
        try (DiskFile file = disk.open(oldFile(guest))) {
            ByteBuffer content = ByteBuffer.allocate(guest.bytes);
            file.read(0, content);
            guest.holds(content.array());
        }
    }

    /// The old files become bases and their content the first point, in as many lives as it takes.
    private void adopt() {
        guests.forEach(g -> {
            if (!taken.contains(g)) {
                lookAtOld(g);
            }
            if (journal.adoptions().take(g.volume, g.bytes, oldFile(g)) != g.slot) {
                throw new Violation(g.volume + " has another slot");
            }
            taken.add(g);
        });
        while (housekeeping.step(1 + random.nextInt(20_000))) {}
        RecoveryPoint first = journal.adoptions().keep(now(), now(), "");
        kept = true;
        ledger.look(journal);
        ledger.exact(first, journal.view(first.number()));
    }

    /// Runs the seed.
    ///
    /// @return a hash of everything that happened
    /// @throws Violation when a promise was broken
    public long run() {
        dieSometime();
        while (adopts && !kept && !over) {
            guarded(this::adopt);
        }
        for (int i = 0; i < ACTIONS && !over; i++) {
            guarded(this::act);
        }
        if (!over && !ledger.isDamaged()) {
            heal();
            if (random.nextInt(3) == 0) {
                commit();
            }
        }
        return trace;
    }

    private Housekeeping started(Journal opened) {
        if (!adopts || kept) {
            guests.forEach(g -> opened.join(g.volume, g.bytes));
            guests.forEach(g -> g.restarted(opened));
        }
        return new Housekeeping(
                opened,
                new Housekeeping.Settings(LADDER, Duration.ofMinutes(30)),
                new ReentrantLock());
    }

    /// Runs a step; when the process dies in it, starts it again.
    private void guarded(Runnable step) {
        try {
            step.run();
        } catch (ProcessKilled _) {
            note(1);
            restart(random.nextBoolean());
        } catch (FaultException e) {
            boolean refused =
                    e.fault() instanceof JournalFault.Full || e.fault() instanceof DiskFault.Full;
            if (!refused && !ledger.isDamaged()) {
                throw new Violation("refused: " + e.getMessage(), e);
            }
            note(2);
            pass = Pass.NONE; // its connection ends
        }
    }

    private void restart(boolean powerLoss) {
        boolean turned = false;
        while (!over) {
            if (powerLoss) {
                host.powerLoss();
            } else {
                host.restartProcess();
            }
            if (faulty && turnsBits && !turned && random.nextInt(4) == 0) {
                turnBit();
                turned = true;
            }
            pass = Pass.NONE;
            late = null;
            views.clear();
            if (faulty && random.nextInt(4) == 0) {
                host.killAfter(1 + random.nextInt(60)); // in the middle of the start
            }
            try {
                journal = Journal.open(disk, LINEAGE, null, limits, keys);
                host.spare();
                ledger.afterStart(journal, disk);
                ledger.look(journal);
                ledger.everyPoint(journal);
                numbers.look(journal, now());
                housekeeping = started(journal);
                dieSometime();
                return;
            } catch (ProcessKilled _) {
                note(3);
            } catch (FaultException e) {
                if (!ledger.isDamaged()) {
                    throw new Violation("it does not start: " + e.getMessage(), e);
                }
                over = true;
            }
        }
    }

    private void turnBit() {
        List<String> files = disk.list();
        String file = files.get(random.nextInt(files.size()));
        ledger.damaged();
        boolean _ = disk.flip(file, random.nextLong(SEGMENT_BYTES * 8L));
    }

    private void dieSometime() {
        if (faulty) {
            switch (random.nextInt(6)) {
                case 0 -> host.killAfter(1 + random.nextInt(400));
                case 1 -> host.killAfter(1 + random.nextInt(60));
                case 2, 3 -> host.killAtSync(1 + random.nextInt(40));
                case 4 -> host.killAtSync(1 + random.nextInt(10));
                default -> {}
            }
        }
    }

    private void note(long what) {
        trace = (trace ^ what) * 0x100000001b3L;
    }

    private long now() {
        return host.clock().wallMillis();
    }

    private void act() {
        switch (random.nextInt(24)) {
            case 0, 1, 2, 3, 4, 5 -> {
                for (int i = random.nextInt(6); i >= 0; i--) {
                    guests.get(random.nextInt(guests.size())).write(random);
                }
                send();
            }
            case 6, 7, 8, 9 -> cut();
            case 10 -> journal.sync();
            case 11, 12 -> pass();
            case 13, 14 -> time.advanceTo(time.nanos() + minutes(1 + random.nextInt(12)));
            case 15, 16 -> tick();
            case 17, 18, 19 -> steps(1 + random.nextInt(6));
            case 20 -> dropOrProtect();
            case 21, 22 -> hold();
            default -> look();
        }
    }

    private static long minutes(int count) {
        return count * MINUTE_MILLIS * 1_000_000;
    }

    private void send() {
        if (needsPass() && !pass.open()) {
            return;
        }
        for (Guest guest : guests) {
            guest.send(journal, pass);
            note(guest.last());
        }
    }

    /// A pass ends for one member after the other: a crash in between leaves the later ones waiting.
    private boolean needsPass() {
        return guests.stream().anyMatch(guest -> journal.needsPass(guest.slot));
    }

    private void pass() {
        if (!pass.open() && (needsPass() || random.nextInt(4) == 0)) {
            pass = Pass.begin(journal, guests, ++number, random.nextInt(6) == 0);
        } else if (pass.open() && pass.send(journal, guests, 1 + random.nextInt(20))) {
            pass = Pass.NONE;
            note(4);
        }
    }

    private void cut() {
        send();
        publishLate();
        Map<VolumeId, Long> vector = new LinkedHashMap<>();
        for (Guest guest : guests) {
            if (!journal.covers(guest.slot, guest.last())) {
                return;
            }
            vector.put(guest.volume, guest.last());
        }
        String name = random.nextInt(30) == 0 && faulty ? "named" : "";
        var point = new RecoveryPoint(++number, now(), now(), vector, false, name);
        if (faulty && random.nextInt(5) == 0) {
            late = point;
        } else {
            publish(point);
        }
    }

    /// A cut is published when it is complete, and by then later writes may be there, or what it needs may be given up.
    private void publishLate() {
        RecoveryPoint point = late;
        late = null;
        if (point != null
                && guests.stream()
                        .allMatch(g ->
                                journal.covers(
                                        g.slot, point.vector().getOrDefault(g.volume, 0L)))) {
            publish(point);
        }
    }

    private void publish(RecoveryPoint point) {
        ledger.publishing(point);
        journal.publish(point);
        if (random.nextInt(4) > 0) {
            journal.sync();
            ledger.look(journal);
            ledger.somePoints(journal, random, 1);
            ledger.exact(point, journal.view(point.number()));
        }
        note(point.number());
    }

    private void tick() {
        ledger.time(now());
        ledger.retaining();
        housekeeping.tick(now());
        ledger.look(journal);
        note(ledger.offered().size());
    }

    private void steps(int count) {
        ledger.retaining();
        for (int i = 0; i < count; i++) {
            if (!housekeeping.step(1 + random.nextInt(64 << 10))) {
                break;
            }
        }
        ledger.look(journal);
        ledger.somePoints(journal, random, 2);
        numbers.look(journal, now());
        bounded();
    }

    private void dropOrProtect() {
        List<Long> points = List.copyOf(ledger.offered().keySet());
        if (points.size() < 2) {
            return;
        }
        long point = points.get(random.nextInt(points.size() - 1));
        if (random.nextInt(3) == 0 && journal.room().percent() < 85) {
            boolean on = random.nextBoolean();
            ledger.guarding(point);
            journal.protect(point, on);
            ledger.guarded(point, on);
        } else if (!ledger.held(point)
                && journal.pins().stream().noneMatch(p -> p.point() == point)) {
            ledger.dropping(point);
            journal.drop(point);
            ledger.look(journal);
        }
    }

    /// Views with a pin: opened, looked at, their leases made longer, closed, or left to run out.
    private void hold() {
        String owner = "view-" + random.nextInt(3);
        long until = now() + (1 + random.nextInt(90)) * MINUTE_MILLIS;
        ledger.time(now());
        Ledger.@Nullable Lease lease = ledger.lease(owner);
        if (lease == null) {
            List<Long> points = List.copyOf(ledger.offered().keySet());
            if (!points.isEmpty()) {
                long point = points.get(random.nextInt(points.size()));
                journal.pin(owner, point, until);
                ledger.leased(owner, new Ledger.Lease(point, until));
                views.put(owner, journal.view(point));
            }
        } else if (random.nextInt(3) == 0) {
            ledger.leased(owner, null);
            views.remove(owner);
            journal.unpin(owner);
        } else {
            journal.pin(owner, lease.point(), until);
            ledger.leased(
                    owner, new Ledger.Lease(lease.point(), Math.max(until, lease.untilMillis())));
        }
        note(5);
    }

    private void look() {
        ledger.time(now());
        views.forEach((owner, view) -> {
            if (ledger.lease(owner) != null) {
                ledger.exact(view.point(), view);
            }
        });
        ledger.somePoints(journal, random, 2);
        for (int i = 0; i < 4; i++) {
            ledger.anyNumber(journal, random);
        }
        ledger.changes(journal, random);
        numbers.look(journal, now());
        numbers.turn(journal, guests, now());
    }

    /// I31 while faults go on: the quota bounds log, index and kept segments; what a sweep has in hand comes on top.
    private void bounded() {
        if (limits.quotaBytes() != JournalLimits.NO_QUOTA) {
            long most = 2 * limits.quotaBytes() + volumeBytes() + 2 * SEGMENT_BYTES;
            if (disk.used() > most) {
                throw new Violation(
                        "I31: %d bytes on disk, quota %d: %s"
                                .formatted(disk.used(), limits.quotaBytes(), disk.list()));
            }
        }
    }

    private long volumeBytes() {
        return guests.stream().mapToLong(g -> g.bytes).sum();
    }

    /// The faults end: everybody lets go, history is short, load goes on. The journal becomes small and every cut becomes a point.
    private void heal() {
        faulty = false;
        host.spare();
        restart(false);
        for (RecoveryPoint point : journal.points()) {
            if (!point.name().isEmpty() || journal.guarded().contains(point.number())) {
                journal.pins().stream()
                        .filter(p -> p.point() == point.number())
                        .forEach(p -> journal.unpin(p.owner()));
                ledger.dropping(point.number());
                journal.drop(point.number());
            }
        }
        ledger.look(journal);
        long most = 0;
        for (int round = 0; round < LAST_ROUNDS; round++) {
            time.advanceTo(time.nanos() + minutes(30));
            for (int i = 0; i < 40; i++) {
                guests.get(random.nextInt(guests.size())).write(random);
            }
            tick();
            settle();
            guarded(this::goOn); // it may be full as long as a lease holds an old point
            tick();
            settle();
            most = disk.used();
        }
        for (int round = 0; round < LAST_ROUNDS && !fresh(); round++) {
            time.advanceTo(time.nanos() + minutes(30));
            guarded(this::goOn); // what had no room in one go
            tick();
            settle();
        }
        if (!fresh()) {
            throw new Violation(
                    "liveness: no point holds the last writes; %s, %s, %s"
                            .formatted(journal.room(), journal.points(), disk.list()));
        }
        ledger.everyPoint(journal);
        // 40 writes of at most 12 KiB a round, 5 rounds within the ladder, each version at most
        // twice (half alive), the base, and segments that are being filled.
        long bound = 2 * 5 * 40 * 3 * 4200L / 3 + 2 * volumeBytes() + 6 * SEGMENT_BYTES;
        if (most > bound) {
            throw new Violation(
                    "I31: history is short and %d bytes are on disk, more than %d: %s"
                            .formatted(most, bound, disk.list()));
        }
        restart(true);
    }

    /// Another history goes on from one of the points, while the process dies and the host loses power: the branch stays for two hours, what
    /// changed since the point is known as long, and then it goes.
    private void commit() {
        List<RecoveryPoint> points = journal.points();
        RecoveryPoint last = points.get(random.nextInt(points.size()));
        ledger.committed(last.number());
        faulty = true;
        dieSometime();
        while (journal.branch().committed().isEmpty()) {
            guarded(() -> journal.branch().commit(last.number(), now()));
        }
        long decided = now();
        while (now() - decided < 90 * MINUTE_MILLIS) {
            time.advanceTo(time.nanos() + minutes(1 + random.nextInt(20)));
            guarded(this::tick);
            guarded(() -> steps(50));
            if (ledger.isDamaged()) {
                return; // a bit turned on the way: what cannot be read is refused
            }
            requireBranch(last, points);
        }
        faulty = false;
        host.spare();
        time.advanceTo(time.nanos() + minutes(121));
        tick();
        settle();
        restart(true);
        requireForgotten(last);
    }

    private void requireBranch(RecoveryPoint last, List<RecoveryPoint> points) {
        ledger.look(journal);
        List<RecoveryPoint> above =
                points.stream().filter(p -> p.number() > last.number()).toList();
        if (!journal.points().getLast().equals(last) || !journal.branch().points().equals(above)) {
            throw new Violation(
                    "I21: %s was committed, points are %s, the branch is %s"
                            .formatted(last, journal.points(), journal.branch().points()));
        }
        ledger.everyPoint(journal);
        guests.forEach(
                g -> ledger.changedSince(journal, g, last.vector().getOrDefault(g.volume, 0L)));
    }

    private void requireForgotten(RecoveryPoint last) {
        if (!journal.branch().points().isEmpty() || !journal.points().getLast().equals(last)) {
            throw new Violation(
                    "rule 28: the branch is "
                            + journal.branch().points()
                            + ", "
                            + journal.points());
        }
        ledger.everyPoint(journal);
        try {
            journal.changedSince(
                    0, last.vector().getOrDefault(guests.get(0).volume, 0L), (_, _) -> {});
            throw new Violation("rule 35: what changed is told from a branch that is gone");
        } catch (FaultException e) {
            if (!(e.fault() instanceof JournalFault.ChangesUnknown)) {
                throw e;
            }
        }
    }

    private void goOn() {
        if (needsPass()) {
            pass = Pass.begin(journal, guests, ++number, false);
            while (!pass.send(journal, guests, 100)) {}
            pass = Pass.NONE;
        }
        cut();
        journal.sync();
        ledger.look(journal);
    }

    private void settle() {
        for (int i = 0; housekeeping.step(1 << 20); i++) {
            if (i > 10_000) {
                throw new Violation("housekeeping never ends");
            }
        }
        ledger.retaining();
        ledger.look(journal);
    }

    private boolean fresh() {
        List<RecoveryPoint> points = journal.points();
        return !points.isEmpty()
                && guests.stream()
                        .allMatch(g ->
                                points.getLast().vector().getOrDefault(g.volume, 0L) == g.last());
    }
}
