// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.replication;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.grant.GrantAnswer;
import io.redoubt.core.grant.GrantHolder;
import io.redoubt.core.grant.GrantTimes;
import io.redoubt.core.grant.Grantor;
import io.redoubt.core.grant.GrantorKind;
import io.redoubt.core.port.DiskFault;
import io.redoubt.simulation.machine.ProcessKilled;
import io.redoubt.simulation.machine.SimHost;
import io.redoubt.simulation.machine.SimTime;
import io.redoubt.simulation.machine.SyncLedger;
import io.redoubt.storage.journal.RecoveryPoint;
import io.redoubt.storage.journal.Roles;
import io.redoubt.storage.replication.CutAttempt;
import io.redoubt.storage.replication.Frame;
import io.redoubt.storage.replication.FrameCodec;
import io.redoubt.storage.replication.Mode;
import io.redoubt.storage.replication.SourceVolume;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/// One seed's life of a protected group: load on two volumes, a network and hosts that fail, and after the faults a time to heal.
///
/// Checked while it runs and at its end: I1, I3, I4, I5, I7, I9, I12, I14, I25, and that the group comes back to STREAM with a fresh point.
public final class GroupWorld {
    private static final long MILLI = 1_000_000L;
    private static final long SECOND = 1_000 * MILLI;
    private static final long FAULTY_NANOS = 30 * SECOND;
    private static final long HEAL_NANOS = 40 * SECOND;
    private static final GrantTimes TIMES = new GrantTimes(6 * SECOND, SECOND);

    private final SplittableRandom random;
    private final SimTime time = new SimTime();
    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final GroupSetup setup = GroupSetup.SMALL;
    private final SimHost sourceHost;
    private final SimHost receiverHost;
    private final SimHost controlHost;
    private final SimNet net;
    private final Checks checks;
    private final Grantor control;
    private @Nullable SourceSide source;
    private @Nullable ReceiverSide receiver;
    private @Nullable CutAttempt cutting;
    private GrantHolder.Memory memory = new GrantHolder.Memory("", 1, 0, 0, false);
    private long connection = -1;
    private long connectedAt;
    private long sequence;
    private long nonce;
    private long process;
    private long trace = 0xcbf29ce484222325L;
    private boolean faulty = true;
    private long sourcePausedUntil;
    private long receiverPausedUntil;
    private long promotedAt = Long.MAX_VALUE;
    private boolean controlDown;

    private enum Owner {
        SOURCE,
        RECEIVER,
        WORLD
    }

    private record Event(long at, long sequence, Owner owner, int life, Runnable action)
            implements Comparable<Event> {
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
        net = new SimNet(random.split(), (delay, action) -> at(delay, Owner.WORLD, action));
        checks = new Checks(setup);
        control = new Grantor(TIMES, 1, false, false, controlHost.clock().bootNanos());
    }

    /// Runs the seed.
    ///
    /// @return a hash of everything that happened
    /// @throws Violation when a promise was broken
    public long run() {
        net.faultsPerMille(random.nextInt(3) == 0 ? 0 : random.nextInt(30));
        startSource();
        startReceiver();
        at(0, Owner.WORLD, this::load);
        at(10 * MILLI, Owner.WORLD, this::pump);
        at(300 * MILLI, Owner.WORLD, this::cut);
        at(0, Owner.WORLD, this::requestGrants);
        at(100 * MILLI, Owner.WORLD, this::receiverTick);
        at(SECOND, Owner.WORLD, this::fault);
        if (random.nextInt(3) == 0) {
            at((long) (random.nextDouble() * FAULTY_NANOS), Owner.WORLD, this::decidePromotion);
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

    private void at(long delay, Owner owner, Runnable action) {
        events.add(new Event(time.nanos() + delay, sequence++, owner, 0, action));
    }

    private void note(long what) {
        trace = (trace ^ what) * 0x100000001b3L;
    }

    // --- the two processes
    // -------------------------------------------------------------------------------------------------------

    private void startSource() {
        boolean alive =
                asSource(() -> {
                    var started = new SourceSide(sourceHost, setup, ++process, memory, TIMES);
                    source = started;
                    cutting = null;
                    checks.sourceStarted(started, receiver);
                    note(1);
                });
        if (!alive) {
            note(8);
        }
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
                at(SECOND, Owner.WORLD, this::startReceiver);
                return;
            }
            checks.receiverStarted(started);
            receiver = started;
            note(2);
        });
    }

    /// Runs a step of the source; when its process dies in it, starts it again after a while.
    private boolean asSource(Runnable step) {
        try {
            step.run();
            return true;
        } catch (ProcessKilled _) {
            sourceDied();
            return false;
        }
    }

    private void asReceiver(Runnable step) {
        try {
            step.run();
        } catch (ProcessKilled _) {
            receiverDied();
        }
    }

    private void sourceDied() {
        note(3);
        source = null;
        disconnect("the source died");
        if (random.nextInt(3) == 0) {
            sourceHost.powerLoss();
            checks.sourceLostPower();
            memory =
                    new GrantHolder.Memory(
                            "", memory.term(), memory.releasedTerm(), 0, memory.fenced());
        } else {
            sourceHost.restartProcess();
        }
        at(random.nextInt(2000) * MILLI, Owner.WORLD, this::startSource);
    }

    private void receiverDied() {
        note(4);
        receiver = null;
        disconnect("the receiver died");
        if (random.nextInt(3) == 0) {
            receiverHost.powerLoss();
        } else {
            receiverHost.restartProcess();
        }
        at(random.nextInt(2000) * MILLI, Owner.WORLD, this::startReceiver);
    }

    private boolean sourceRuns() {
        return source != null && time.nanos() >= sourcePausedUntil;
    }

    private boolean receiverRuns() {
        return receiver != null && time.nanos() >= receiverPausedUntil;
    }

    // --- load
    // --------------------------------------------------------------------------------------------------------------------

    private void load() {
        if (sourceRuns()) {
            for (int i = random.nextInt(4); i >= 0; i--) {
                write();
            }
        }
        if (faulty) {
            at((5 + random.nextInt(120)) * MILLI, Owner.WORLD, this::load);
        }
    }

    private void write() {
        SourceSide side = source;
        if (side == null) {
            return;
        }
        int index = random.nextInt(side.volumes.size());
        SourceVolume volume = side.volumes.get(index);
        int sectors = setup.volumeBytes() / 512;
        boolean aligned = random.nextInt(3) > 0;
        int offset = aligned ? random.nextInt(sectors / 8) * 4096 : random.nextInt(sectors) * 512;
        int length = aligned ? 4096 * (1 + random.nextInt(2)) : 512 * (1 + random.nextInt(12));
        length = Math.min(length, setup.volumeBytes() - offset);
        int action = random.nextInt(20);
        if (action == 0) {
            asSource(() -> {
                try {
                    if (volume.mayReply()) {
                        volume.flush();
                        checks.flushed(index);
                    }
                } catch (FaultException _) {
                    note(7); // fenced
                }
            });
            return;
        }
        byte[] data = new byte[length];
        if (action > 2) {
            random.nextBytes(data);
        }
        boolean zero = action <= 2 && aligned && length % 4096 == 0;
        int pieceLength = Math.min(length, SourceSide.LIMITS.recordBytes());
        byte[] piece = pieceLength == length ? data : java.util.Arrays.copyOf(data, pieceLength);
        checks.writeBegins(index, offset, piece.length);
        asSource(() -> {
            try {
                long vseq =
                        zero
                                ? volume.tryZero(offset, pieceLength)
                                : volume.tryWrite(offset, ByteBuffer.wrap(piece));
                note(vseq);
                checks.writeEnded(index, vseq, offset, piece);
                if (vseq >= 0 && volume.mayReply() && time.nanos() >= promotedAt) {
                    throw new Violation(
                            "I14: a write was acknowledged %d ms after the promotion"
                                    .formatted((time.nanos() - promotedAt) / MILLI));
                }
            } catch (FaultException _) {
                checks.writeEnded(index, -1, offset, piece);
            }
        });
    }

    // --- stream
    // ------------------------------------------------------------------------------------------------------------------

    private void pump() {
        SourceSide side = source;
        if (sourceRuns() && side != null) {
            if (connection < 0 && net.linkUp() && random.nextInt(30) == 0) {
                connection = net.connect();
                connectedAt = time.nanos();
                asSource(() -> toReceiver(side.group.hello()));
            } else if (connection >= 0) {
                asSource(() -> side.group.pump(this::toReceiver, 24 << 10));
                if (!side.group.connected() && time.nanos() - connectedAt > 3 * SECOND) {
                    disconnect("no welcome");
                }
            }
        }
        at(10 * MILLI, Owner.WORLD, this::pump);
    }

    private void toReceiver(Frame frame) {
        long number = connection;
        net.send(
                number,
                true,
                frame,
                time.nanos(),
                (body, crc) -> whenReceiverRuns(number, () -> deliverToReceiver(number, body, crc)),
                () -> dropConnection(number));
    }

    private void whenReceiverRuns(long number, Runnable action) {
        if (receiver != null && time.nanos() < receiverPausedUntil) {
            at(receiverPausedUntil - time.nanos() + 1, Owner.WORLD, action);
        } else if (net.current(number)) {
            action.run();
        }
    }

    private void deliverToReceiver(long number, ByteBuffer body, int crc) {
        ReceiverSide side = receiver;
        if (side == null || !net.current(number)) {
            return;
        }
        asReceiver(() -> {
            try {
                Frame frame = FrameCodec.decode(body, crc);
                side.group.received(frame).forEach(f -> toSource(number, f));
                side.group.batchEnd().forEach(f -> toSource(number, f));
                checks.published(side.journal);
            } catch (FaultException _) {
                dropConnection(number);
            }
        });
    }

    private void toSource(long number, Frame frame) {
        net.send(
                number,
                false,
                frame,
                time.nanos(),
                (body, crc) -> {
                    SourceSide side = source;
                    if (side != null && net.current(number) && time.nanos() >= sourcePausedUntil) {
                        asSource(() -> {
                            try {
                                side.group.received(FrameCodec.decode(body, crc));
                                memory = side.holder.memory(sourceHost.clock().bootId());
                            } catch (FaultException _) {
                                dropConnection(number);
                            }
                        });
                    }
                },
                () -> dropConnection(number));
    }

    private void receiverTick() {
        ReceiverSide side = receiver;
        if (receiverRuns() && side != null) {
            asReceiver(() -> {
                try {
                    side.group.batchEnd().forEach(f -> toSource(connection, f));
                    checks.published(side.journal);
                } catch (FaultException _) {
                    disconnect("the journal is full");
                }
            });
        }
        at(100 * MILLI, Owner.WORLD, this::receiverTick);
    }

    private void dropConnection(long number) {
        if (net.current(number) && connection == number) {
            disconnect("lost");
        }
    }

    private void disconnect(String why) {
        if (connection >= 0) {
            connection = -1;
            net.connect();
            SourceSide from = source;
            ReceiverSide to = receiver;
            if (from != null) {
                asSource(() -> from.group.disconnected(why));
            }
            if (to != null) {
                to.group.disconnected();
            }
        }
    }

    // --- cuts
    // --------------------------------------------------------------------------------------------------------------------

    private void cut() {
        SourceSide side = source;
        if (sourceRuns() && side != null && cutting == null) {
            asSource(() -> cutting = side.group.beginCut(""));
            if (cutting != null) {
                at(random.nextInt(3) * MILLI, Owner.WORLD, this::cutStep);
            }
        }
        at((200 + random.nextInt(900)) * MILLI, Owner.WORLD, this::cut);
    }

    private void cutStep() {
        CutAttempt attempt = cutting;
        SourceSide side = source;
        if (attempt == null || side == null) {
            return;
        }
        asSource(() -> {
            if (attempt.switchNext()) {
                // Rarely the coordinator is so slow that members open by themselves.
                at(
                        (random.nextInt(20) == 0 ? 60 : random.nextInt(4)) * MILLI,
                        Owner.WORLD,
                        this::cutStep);
            } else {
                note(side.group.finishCut(attempt));
                cutting = null;
            }
        });
        if (faulty && random.nextBoolean()) {
            write();
        }
    }

    // --- grants and promotion
    // ----------------------------------------------------------------------------------------------------

    private void requestGrants() {
        SourceSide side = source;
        if (sourceRuns() && side != null) {
            if (connection >= 0) {
                toReceiver(side.group.requestGrant(++nonce));
            }
            long number = ++nonce;
            side.holder.requested(GrantorKind.CONTROL, number, sourceHost.clock().bootNanos());
            long term = side.holder.term();
            if (!controlDown && random.nextInt(5) > 0) {
                at(random.nextInt(900) * MILLI, Owner.WORLD, () -> askControl(number, term));
            }
        }
        at(SECOND, Owner.WORLD, this::requestGrants);
    }

    private void askControl(long number, long term) {
        GrantAnswer answer = control.answer(term, controlHost.clock().bootNanos());
        at(
                random.nextInt(3000) * MILLI,
                Owner.WORLD,
                () -> {
                    SourceSide side = source;
                    if (side != null) {
                        side.holder.answered(GrantorKind.CONTROL, number, answer);
                        memory = side.holder.memory(sourceHost.clock().bootId());
                    }
                });
    }

    /// The control plane decides; both sides stop granting; the source is told, if it hears.
    private void decidePromotion() {
        note(5);
        control.stop(2);
        at(random.nextInt(1500) * MILLI, Owner.WORLD, this::stopReceiver);
        if (random.nextBoolean()) {
            at(random.nextInt(3000) * MILLI, Owner.WORLD, this::releaseSource);
        }
    }

    private boolean released;

    private void releaseSource() {
        SourceSide side = source;
        if (sourceRuns() && side != null) {
            side.holder.release(2);
            memory = side.holder.memory(sourceHost.clock().bootId());
            released = true;
        }
    }

    private void stopReceiver() {
        ReceiverSide side = receiver;
        if (receiverRuns() && side != null) {
            asReceiver(() -> {
                side.journal.roles(new Roles(2, true, false));
                side.grantor.stop(2);
                at(0, Owner.WORLD, this::promote);
            });
        } else {
            at(500 * MILLI, Owner.WORLD, this::stopReceiver);
        }
    }

    private void promote() {
        ReceiverSide side = receiver;
        boolean expired = control.expired(controlHost.clock().bootNanos());
        if (receiverRuns() && side != null && (expired || released)) {
            asReceiver(() -> {
                if (side.grantor.promote(2, released, receiverHost.clock().bootNanos())) {
                    promotedAt = Math.min(promotedAt, time.nanos());
                    side.journal.roles(new Roles(2, true, true));
                    control.promote(2, true, controlHost.clock().bootNanos());
                    note(6);
                }
            });
        }
        if (promotedAt == Long.MAX_VALUE) {
            at(100 * MILLI, Owner.WORLD, this::promote);
        }
    }

    // --- faults
    // ------------------------------------------------------------------------------------------------------------------

    private void fault() {
        if (!faulty) {
            return;
        }
        switch (random.nextInt(10)) {
            case 0, 1 -> sourceHost.killAfter(1 + random.nextInt(40));
            case 2, 3 -> receiverHost.killAfter(1 + random.nextInt(60));
            case 4 -> {
                net.link(false);
                disconnect("the link is cut");
                at(random.nextInt(6000) * MILLI, Owner.WORLD, () -> net.link(true));
            }
            case 5 -> sourcePausedUntil = time.nanos() + random.nextInt(9000) * MILLI;
            case 6 -> receiverPausedUntil = time.nanos() + random.nextInt(4000) * MILLI;
            case 7 -> {
                controlDown = true;
                at(random.nextInt(9000) * MILLI, Owner.WORLD, () -> controlDown = false);
            }
            case 8 -> {
                var disk = receiverHost.disk("journal");
                disk.capacity(disk.used() + random.nextInt(64 << 10));
                at(random.nextInt(5000) * MILLI, Owner.WORLD, () -> disk.capacity(Long.MAX_VALUE));
            }
            default -> disconnect("reset");
        }
        at((300 + random.nextInt(3000)) * MILLI, Owner.WORLD, this::fault);
    }

    private void heal() {
        faulty = false;
        net.faultsPerMille(0);
        net.link(true);
        controlDown = false;
        sourceHost.killAfter(Long.MAX_VALUE);
        receiverHost.killAfter(Long.MAX_VALUE);
        receiverHost.disk("journal").capacity(Long.MAX_VALUE);
    }

    private void finalChecks() {
        SourceSide from = source;
        ReceiverSide to = receiver;
        if (from == null || to == null) {
            throw new Violation("liveness: a process did not come back");
        }
        checks.everyPointMounts(to.journal);
        if (control.stopped()) {
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
