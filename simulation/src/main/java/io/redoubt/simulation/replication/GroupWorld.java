// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.replication;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.grant.GrantTimes;
import io.redoubt.core.port.DiskFault;
import io.redoubt.simulation.machine.ProcessKilled;
import io.redoubt.simulation.machine.SimHost;
import io.redoubt.simulation.machine.SimTime;
import io.redoubt.simulation.machine.SyncLedger;
import io.redoubt.simulation.machine.Violation;
import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.journal.Fork;
import io.redoubt.storage.journal.Journal;
import io.redoubt.storage.journal.RecoveryPoint;
import io.redoubt.storage.replication.Frame;
import io.redoubt.storage.replication.GroupReceiver;
import io.redoubt.storage.replication.History;
import io.redoubt.storage.replication.Mode;
import io.redoubt.storage.replication.ReceiverSession;
import io.redoubt.storage.replication.SourceVolume;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/// One seed's life of a protected group: load on volumes of one source or of three, networks and hosts that fail, and after the faults a time
/// to heal.
///
/// Checked while it runs and at its end: I1 to I5, I7, I9, I12, I14, I25, I26, I30, and that the group comes back to STREAM with a fresh point.
/// Here are the hosts, their processes and the faults; [Load], [Cuts], [Stream] and [RoleTraffic] are what happens between them.
public final class GroupWorld {
    static final long MILLI = 1_000_000L;
    static final long SECOND = 1_000 * MILLI;
    static final GrantTimes TIMES = new GrantTimes(6 * SECOND, SECOND);
    private static final long FAULTY_NANOS = 30 * SECOND;
    private static final long HEAL_NANOS = 40 * SECOND;

    final SplittableRandom random;
    final SimTime time = new SimTime();
    final GroupSetup setup;
    final List<Party<SourceSide>> sources = new ArrayList<>();
    final Party<ReceiverSide> receiver;
    final SimHost controlHost;
    final Checks checks;
    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final List<Stream> streams = new ArrayList<>();
    private final Load load;
    private final Cuts cuts;
    private final RoleTraffic roles;
    private final Churn churn;
    private long sequence;
    private long process;
    private long trace = 0xcbf29ce484222325L;
    private int strangers;
    private boolean faulty = true;

    private record Event(long at, long sequence, Runnable action) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            int byTime = Long.compare(at, other.at);
            return byTime != 0 ? byTime : Long.compare(sequence, other.sequence);
        }
    }

    public GroupWorld(long seed, SyncLedger syncs) {
        random = new SplittableRandom(seed);
        setup = random.nextBoolean() ? GroupSetup.SMALL : GroupSetup.SPREAD;
        for (int i = 0; i < setup.sources(); i++) {
            int number = i;
            sources.add(new Party<>(host(syncs), time, () -> sourceDied(number)));
            streams.add(new Stream(this, i, new SimNet(random.split(), this::at)));
        }
        receiver = new Party<>(host(syncs), time, this::receiverDied);
        controlHost = host(syncs);
        checks = new Checks(setup);
        roles = new RoleTraffic(this, streams);
        load = new Load(this, roles);
        cuts = new Cuts(this, load);
        churn = new Churn(this, seed);
    }

    private SimHost host(SyncLedger syncs) {
        var host = new SimHost(random.split(), time, syncs);
        host.clock().drift(random.nextInt(-40, 41));
        return host;
    }

    /// Runs the seed.
    ///
    /// @return a hash of everything that happened
    /// @throws Violation when a promise was broken
    public long run() {
        int faultsPerMille = random.nextInt(3) == 0 ? 0 : random.nextInt(30);
        streams.forEach(s -> s.net.faultsPerMille(faultsPerMille));
        sources.forEach(s -> {
            if (random.nextInt(3) == 0) {
                s.host.killAtSync(1 + random.nextInt(10));
            }
        });
        if (random.nextInt(3) == 0) {
            receiver.host.killAtSync(1 + random.nextInt(20));
        }
        for (int i = 0; i < sources.size(); i++) {
            startSource(i);
        }
        startReceiver();
        load.begin();
        cuts.begin();
        streams.forEach(Stream::begin);
        at(100 * MILLI, this::receiverTick);
        roles.begin();
        churn.begin();
        at(SECOND, this::fault);
        if (random.nextInt(3) == 0) {
            at((long) (random.nextDouble() * FAULTY_NANOS), roles::decidePromotion);
        }
        runUntil(time.nanos() + FAULTY_NANOS);
        heal();
        runUntil(time.nanos() + HEAL_NANOS);
        finalChecks();
        return trace;
    }

    private void runUntil(long end) {
        while (!events.isEmpty() && events.peek().at <= end) {
            Event event = Objects.requireNonNull(events.poll());
            time.advanceTo(event.at);
            try {
                event.action.run();
            } catch (ProcessKilled killed) {
                throw new IllegalStateException(
                        "an event let a kill out: " + killed.getMessage(), killed);
            }
        }
        time.advanceTo(end);
    }

    void at(long delay, Runnable action) {
        events.add(new Event(time.nanos() + delay, sequence++, action));
    }

    void note(long what) {
        trace = (trace ^ what) * 0x100000001b3L;
    }

    // --- the processes
    // -------------------------------------------------------------------------------------------------------

    /// Its process ends without a crash; nothing of the group runs there until it is started again.
    void stopSource(int number) {
        Party<SourceSide> source = sources.get(number);
        source.gone();
        streams.get(number).disconnect("its source was told of other members");
        source.host.restartProcess();
    }

    void restartSource(int number) {
        if (sources.get(number).process() == null) {
            startSource(number);
        }
    }

    private void startSource(int number) {
        Party<SourceSide> source = sources.get(number);
        if (source.process() != null || churn.volumesOf(number).isEmpty()) {
            return; // no volume of the group is here, or it was started meanwhile
        }
        boolean alive =
                source.run(() -> {
                    var started =
                            new SourceSide(
                                    source.host,
                                    setup,
                                    new SourceSide.Part(
                                            number, churn.volumesOf(number), churn.peersOf(number)),
                                    ++process,
                                    TIMES,
                                    failing(source));
                    source.started(started);
                    cuts.sourceStarted(number);
                    checks.sourceStarted(started, receiver.process());
                    roles.sourceStarted(number, started);
                    note(1);
                });
        if (!alive) {
            note(8);
        }
    }

    /// The kernel tells a lost flush to whoever opens the file next; here the process lives until it has heard of it itself.
    private BiFunction<VolumeId, BlockDevice, BlockDevice> failing(Party<SourceSide> source) {
        return (id, disk) ->
                new Failing(
                        disk, id, below -> faulty ? random.nextInt(below) : 1, source.host::spare);
    }

    private void startReceiver() {
        receiver.run(() -> {
            ReceiverSide started;
            try {
                started = new ReceiverSide(receiver.host, setup, TIMES);
                churn.receiverStarts(started);
            } catch (FaultException e) {
                if (!(e.fault() instanceof DiskFault.Full)) {
                    throw e;
                }
                at(SECOND, this::startReceiver);
                return;
            }
            checks.receiverStarted(started);
            roles.receiverStarted(started);
            receiver.started(started);
            note(2);
        });
    }

    private void sourceDied(int number) {
        note(3);
        Party<SourceSide> source = sources.get(number);
        source.gone();
        streams.get(number).disconnect("the source died");
        if (random.nextInt(3) == 0) {
            source.host.powerLoss();
            checks.sourceLostPower(number);
        } else {
            source.host.restartProcess();
        }
        dieAgain(source.host);
        at(random.nextInt(2000) * MILLI, () -> startSource(number));
    }

    private void receiverDied() {
        note(4);
        receiver.gone();
        streams.forEach(s -> s.disconnect("the receiver died"));
        if (random.nextInt(3) == 0) {
            receiver.host.powerLoss();
        } else {
            receiver.host.restartProcess();
        }
        dieAgain(receiver.host);
        at(random.nextInt(2000) * MILLI, this::startReceiver);
    }

    /// What a process left half done is seen by the next one alone: let that one die early, too.
    private void dieAgain(SimHost host) {
        if (faulty) {
            switch (random.nextInt(5)) {
                case 0 -> host.killAfter(1 + random.nextInt(25));
                case 1 -> host.killAtSync(1 + random.nextInt(6));
                default -> {}
            }
        }
    }

    /// It could not carry out what it was told, and begins anew.
    void receiverFailed() {
        receiverDied();
    }

    /// Connections that the receiver wants made anew.
    void closeOutdated() {
        ReceiverSide side = receiver.process();
        if (side != null) {
            streams.forEach(s -> s.closeOutdated(side.group));
        }
    }

    boolean decided() {
        return roles.decided();
    }

    /// The receiver has something to say to its sources.
    void fromReceiver(GroupReceiver.Outgoing out) {
        streams.forEach(s -> s.fromReceiver(out));
    }

    /// A source may make the cuts now, and may be quicker than whoever sends.
    void leads() {
        if (random.nextInt(3) == 0) {
            at(0, cuts::cutOnce);
        }
    }

    boolean faulty() {
        return faulty;
    }

    // --- faults
    // ------------------------------------------------------------------------------------------------------------------

    private void fault() {
        if (!faulty) {
            return;
        }
        int number = random.nextInt(sources.size());
        Party<SourceSide> source = sources.get(number);
        Stream stream = streams.get(number);
        switch (random.nextInt(13)) {
            case 0, 1 -> source.host.killAfter(1 + random.nextInt(40));
            case 2, 3 -> receiver.host.killAfter(1 + random.nextInt(60));
            case 4 -> {
                stream.net.link(false);
                stream.disconnect("the link is cut");
                at(random.nextInt(6000) * MILLI, () -> stream.net.link(true));
            }
            case 5 -> source.pause(random.nextInt(9000) * MILLI);
            case 6 -> receiver.pause(random.nextInt(4000) * MILLI);
            case 7 -> {
                roles.controlDown(true);
                at(random.nextInt(9000) * MILLI, () -> roles.controlDown(false));
            }
            case 8 -> {
                var disk = receiver.host.disk("journal");
                disk.capacity(disk.used() + random.nextInt(64 << 10));
                at(random.nextInt(5000) * MILLI, () -> disk.capacity(Long.MAX_VALUE));
            }
            case 9 -> source.host.killAtSync(1 + random.nextInt(4));
            case 10 -> receiver.host.killAtSync(1 + random.nextInt(12));
            case 11 -> receiver.run(this::strangerCalls);
            default -> stream.disconnect("reset");
        }
        at((300 + random.nextInt(3000)) * MILLI, this::fault);
    }

    /// I13: a source of another history is let in by nobody, whatever it says of its volumes.
    private void strangerCalls() {
        ReceiverSide side = receiver.running();
        if (side == null) {
            return;
        }
        ReceiverSession session = side.group.connect();
        var offers =
                setup.volumes().stream()
                        .map(v ->
                                new Frame.Offer(
                                        v, setup.volumeBytes(), 0, Long.MAX_VALUE >> 1, true))
                        .toList();
        var hello =
                new Frame.Hello(
                        new History(new UUID(random.nextLong(), 1), parentage()),
                        "node-0",
                        1,
                        1,
                        offers);
        for (Frame answer : session.received(hello)) {
            if (!(answer instanceof Frame.Refusal)) {
                throw new Violation("I13: a source of another lineage is answered by " + answer);
            }
        }
        side.group.disconnected(session);
    }

    /// Every second one says that its history left this group's.
    private @Nullable Fork parentage() {
        return strangers++ % 2 == 0 ? null : new Fork(setup.lineage(), strangers, Map.of());
    }

    private void receiverTick() {
        ReceiverSide side = receiver.running();
        if (side != null) {
            receiver.run(() -> {
                try {
                    side.group.batchEnd().forEach(this::fromReceiver);
                    checks.published(side.journal);
                    side.keepHouse(checks);
                } catch (FaultException _) {
                    streams.forEach(s -> s.disconnect("the journal is full"));
                }
            });
        }
        at(100 * MILLI, this::receiverTick);
    }

    private void heal() {
        faulty = false;
        for (Stream stream : streams) {
            stream.net.faultsPerMille(0);
            stream.net.link(true);
        }
        roles.controlDown(false);
        sources.forEach(s -> s.host.spare());
        receiver.host.spare();
        receiver.host.disk("journal").capacity(Long.MAX_VALUE);
    }

    private void finalChecks() {
        ReceiverSide to = receiver.process();
        if (to == null) {
            throw new Violation("liveness: the receiver did not come back");
        }
        for (int i = 0; i < sources.size(); i++) {
            if (sources.get(i).process() == null && !churn.volumesOf(i).isEmpty()) {
                throw new Violation("liveness: a process did not come back");
            }
        }
        checks.everyPointMounts(to.journal);
        if (roles.decided()) {
            return;
        }
        for (Party<SourceSide> source : sources) {
            SourceSide side = source.process();
            if (side != null) {
                side.volumes.forEach(volume -> healed(volume, to.journal));
            }
        }
    }

    private void healed(SourceVolume volume, Journal journal) {
        if (volume.mode() != Mode.STREAM) {
            throw new Violation(
                    "liveness: %s is in %s (%s) %d s after the last fault"
                            .formatted(
                                    volume.id(),
                                    volume.mode(),
                                    volume.reason(),
                                    HEAL_NANOS / SECOND));
        }
        RecoveryPoint newest = checks.newest();
        Long cut = newest.vector().get(volume.id());
        if (cut == null || cut != volume.lastVseq()) {
            throw new Violation(
                    "liveness: the newest point has %s at %d, its last write is %d"
                            .formatted(volume.id(), cut, volume.lastVseq()));
        }
        checks.converged(setup.volumes().indexOf(volume.id()), volume, journal, newest);
    }
}
