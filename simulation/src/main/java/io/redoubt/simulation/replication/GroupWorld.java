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
import io.redoubt.storage.journal.RecoveryPoint;
import io.redoubt.storage.replication.Mode;
import io.redoubt.storage.replication.SourceVolume;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/// One seed's life of a protected group: load on two volumes, a network and hosts that fail, and after the faults a time to heal.
///
/// Checked while it runs and at its end: I1, I3, I4, I5, I7, I9, I12, I14, I25, and that the group comes back to STREAM with a fresh point.
/// Here are the hosts, their processes and the faults; [Load], [Stream] and [RoleTraffic] are what happens between them.
public final class GroupWorld {
    static final long MILLI = 1_000_000L;
    static final long SECOND = 1_000 * MILLI;
    static final GrantTimes TIMES = new GrantTimes(6 * SECOND, SECOND);
    private static final long FAULTY_NANOS = 30 * SECOND;
    private static final long HEAL_NANOS = 40 * SECOND;

    final SplittableRandom random;
    final SimTime time = new SimTime();
    final GroupSetup setup = GroupSetup.SMALL;
    final SimHost sourceHost;
    final SimHost receiverHost;
    final SimHost controlHost;
    final Checks checks;
    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final SimNet net;
    private final Stream stream;
    private final Load load;
    private final RoleTraffic roles;
    private @Nullable SourceSide source;
    private @Nullable ReceiverSide receiver;
    private long sequence;
    private long process;
    private long trace = 0xcbf29ce484222325L;
    private boolean faulty = true;
    private long sourcePausedUntil;
    private long receiverPausedUntil;

    private record Event(long at, long sequence, Runnable action) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            int byTime = Long.compare(at, other.at);
            return byTime != 0 ? byTime : Long.compare(sequence, other.sequence);
        }
    }

    public GroupWorld(long seed, SyncLedger syncs) {
        random = new SplittableRandom(seed);
        sourceHost = new SimHost(random.split(), time, syncs);
        receiverHost = new SimHost(random.split(), time, syncs);
        controlHost = new SimHost(random.split(), time, syncs);
        sourceHost.clock().drift(random.nextInt(-40, 41));
        receiverHost.clock().drift(random.nextInt(-40, 41));
        controlHost.clock().drift(random.nextInt(-40, 41));
        net = new SimNet(random.split(), this::at);
        checks = new Checks(setup);
        stream = new Stream(this, net);
        roles = new RoleTraffic(this, stream);
        load = new Load(this, roles);
    }

    /// Runs the seed.
    ///
    /// @return a hash of everything that happened
    /// @throws Violation when a promise was broken
    public long run() {
        net.faultsPerMille(random.nextInt(3) == 0 ? 0 : random.nextInt(30));
        if (random.nextInt(3) == 0) {
            sourceHost.killAtSync(1 + random.nextInt(10));
        }
        if (random.nextInt(3) == 0) {
            receiverHost.killAtSync(1 + random.nextInt(20));
        }
        startSource();
        startReceiver();
        load.begin();
        stream.begin();
        roles.begin();
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

    // --- the two processes
    // -------------------------------------------------------------------------------------------------------

    private void startSource() {
        boolean alive =
                asSource(() -> {
                    var started =
                            new SourceSide(sourceHost, setup, ++process, TIMES, this::failing);
                    source = started;
                    load.sourceStarted();
                    checks.sourceStarted(started, receiver);
                    roles.sourceStarted(started);
                    note(1);
                });
        if (!alive) {
            note(8);
        }
    }

    /// The kernel tells a lost flush to whoever opens the file next; here the process lives until it has heard of it itself.
    private BlockDevice failing(VolumeId id, BlockDevice disk) {
        return new Failing(
                disk, id, below -> faulty ? random.nextInt(below) : 1, sourceHost::spare);
    }

    private void startReceiver() {
        asReceiver(() -> {
            ReceiverSide started;
            try {
                started = new ReceiverSide(receiverHost, setup, TIMES);
            } catch (FaultException e) {
                if (!(e.fault() instanceof DiskFault.Full)) {
                    throw e;
                }
                at(SECOND, this::startReceiver);
                return;
            }
            checks.receiverStarted(started);
            roles.receiverStarted(started);
            receiver = started;
            note(2);
        });
    }

    /// Runs a step of the source; when its process dies in it, starts it again after a while.
    boolean asSource(Runnable step) {
        try {
            step.run();
            return true;
        } catch (ProcessKilled _) {
            sourceDied();
            return false;
        }
    }

    void asReceiver(Runnable step) {
        try {
            step.run();
        } catch (ProcessKilled _) {
            receiverDied();
        }
    }

    private void sourceDied() {
        note(3);
        source = null;
        stream.disconnect("the source died");
        if (random.nextInt(3) == 0) {
            sourceHost.powerLoss();
            checks.sourceLostPower();
        } else {
            sourceHost.restartProcess();
        }
        dieAgain(sourceHost);
        at(random.nextInt(2000) * MILLI, this::startSource);
    }

    private void receiverDied() {
        note(4);
        receiver = null;
        stream.disconnect("the receiver died");
        if (random.nextInt(3) == 0) {
            receiverHost.powerLoss();
        } else {
            receiverHost.restartProcess();
        }
        dieAgain(receiverHost);
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

    /// The source's process, null while it is dead.
    @Nullable SourceSide source() {
        return source;
    }

    /// The receiver's process, null while it is dead.
    @Nullable ReceiverSide receiver() {
        return receiver;
    }

    /// The source's process, null while it is dead or stands still.
    @Nullable SourceSide runningSource() {
        return sourcePausedFor() == 0 ? source : null;
    }

    /// The receiver's process, null while it is dead or stands still.
    @Nullable ReceiverSide runningReceiver() {
        return receiverPausedFor() == 0 ? receiver : null;
    }

    long sourcePausedFor() {
        return Math.max(0, sourcePausedUntil - time.nanos());
    }

    long receiverPausedFor() {
        return Math.max(0, receiverPausedUntil - time.nanos());
    }

    /// A connection stands. Whoever makes the cuts may be quicker now than whoever sends.
    void welcomed() {
        if (random.nextInt(3) == 0) {
            at(0, load::cutOnce);
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
        switch (random.nextInt(12)) {
            case 0, 1 -> sourceHost.killAfter(1 + random.nextInt(40));
            case 2, 3 -> receiverHost.killAfter(1 + random.nextInt(60));
            case 4 -> {
                net.link(false);
                stream.disconnect("the link is cut");
                at(random.nextInt(6000) * MILLI, () -> net.link(true));
            }
            case 5 -> sourcePausedUntil = time.nanos() + random.nextInt(9000) * MILLI;
            case 6 -> receiverPausedUntil = time.nanos() + random.nextInt(4000) * MILLI;
            case 7 -> {
                roles.controlDown(true);
                at(random.nextInt(9000) * MILLI, () -> roles.controlDown(false));
            }
            case 8 -> {
                var disk = receiverHost.disk("journal");
                disk.capacity(disk.used() + random.nextInt(64 << 10));
                at(random.nextInt(5000) * MILLI, () -> disk.capacity(Long.MAX_VALUE));
            }
            case 9 -> sourceHost.killAtSync(1 + random.nextInt(4));
            case 10 -> receiverHost.killAtSync(1 + random.nextInt(12));
            default -> stream.disconnect("reset");
        }
        at((300 + random.nextInt(3000)) * MILLI, this::fault);
    }

    private void heal() {
        faulty = false;
        net.faultsPerMille(0);
        net.link(true);
        roles.controlDown(false);
        sourceHost.spare();
        receiverHost.spare();
        receiverHost.disk("journal").capacity(Long.MAX_VALUE);
    }

    private void finalChecks() {
        SourceSide from = source;
        ReceiverSide to = receiver;
        if (from == null || to == null) {
            throw new Violation("liveness: a process did not come back");
        }
        checks.everyPointMounts(to.journal);
        if (roles.decided()) {
            return;
        }
        for (SourceVolume volume : from.volumes) {
            if (volume.mode() != Mode.STREAM) {
                throw new Violation(
                        "liveness: %s is in %s (%s) %d s after the last fault"
                                .formatted(
                                        volume.id(),
                                        volume.mode(),
                                        volume.reason(),
                                        HEAL_NANOS / SECOND));
            }
        }
        RecoveryPoint newest = checks.newest();
        for (int i = 0; i < from.volumes.size(); i++) {
            SourceVolume volume = from.volumes.get(i);
            long cut = Objects.requireNonNull(newest.vector().get(volume.id()));
            if (cut != volume.lastVseq()) {
                throw new Violation(
                        "liveness: the newest point has %s at %d, its last write is %d"
                                .formatted(volume.id(), cut, volume.lastVseq()));
            }
            checks.converged(i, volume, to.journal, newest);
        }
    }
}
