// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.grant.GrantHolder;
import io.redoubt.core.grant.GrantTimes;
import io.redoubt.core.grant.Grantor;
import io.redoubt.simulation.machine.SimHost;
import io.redoubt.simulation.machine.SimTime;
import io.redoubt.simulation.machine.SyncLedger;
import io.redoubt.storage.block.RawVolume;
import io.redoubt.storage.journal.Journal;
import io.redoubt.storage.journal.JournalLimits;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;

/// A group of one volume whose frames go to its receiver when a test says so.
final class OneGroup {
    static final int BLOCK = 4096;
    static final VolumeId VOLUME = new VolumeId("v");
    private static final UUID LINEAGE = new UUID(7, 7);
    private static final long MILLI = 1_000_000L;

    final SimTime time = new SimTime();
    final SimHost home;
    final Journal journal;
    final List<Frame> sent = new ArrayList<>();
    private final SourceLimits limits;
    private final int blocks;
    private final GroupReceiver receiver;
    private final Deque<Frame> toSource = new ArrayDeque<>();
    private ReceiverSession session;
    RawVolume raw;
    SourceVolume volume;
    GroupSource source;

    OneGroup(SourceLimits limits, int blocks) {
        this.limits = limits;
        this.blocks = blocks;
        home = new SimHost(new SplittableRandom(1), time, new SyncLedger());
        var far = new SimHost(new SplittableRandom(2), time, new SyncLedger());
        journal = Journal.open(far.disk("journal"), LINEAGE, new JournalLimits(1 << 20, 1000));
        var times = new GrantTimes(1_000_000 * MILLI, MILLI);
        receiver = new GroupReceiver(journal, new Grantor(times, 1, false, false, 0), far.clock());
        session = receiver.connect();
        raw = RawVolume.create(home.disk("v"), VOLUME, new Bytes((long) blocks * BLOCK));
        volume = newVolume();
        source = newSource();
    }

    private SourceVolume newVolume() {
        return new SourceVolume(
                VOLUME,
                raw,
                home.disk("v-source"),
                home.clock(),
                limits,
                () -> GrantHolder.Standing.GRANTED);
    }

    private GroupSource newSource() {
        var holder = new GrantHolder(new GrantTimes(1_000_000 * MILLI, MILLI), 1);
        return new GroupSource(LINEAGE, 1, List.of(volume), home.clock(), holder);
    }

    /// The source's host loses its power and starts again.
    void powerLoss() {
        home.powerLoss();
        raw = RawVolume.open(home.disk("v"), VOLUME);
        volume = newVolume();
        source = newSource();
    }

    void connect() {
        receiver.disconnected(session);
        source.disconnected("anew");
        session = receiver.connect();
        deliver(source.hello());
        answers();
    }

    /// One turn of the link.
    void turn(int bytes) {
        time.advanceTo(time.nanos() + 10 * MILLI);
        source.pump(this::deliver, bytes);
        answers();
    }

    private void answers() {
        receiver.batchEnd().forEach(out -> toSource.add(copy(out.frame())));
        while (!toSource.isEmpty()) {
            source.received(toSource.removeFirst());
        }
    }

    private void deliver(Frame frame) {
        sent.add(frame);
        session.received(copy(frame)).forEach(f -> toSource.add(copy(f)));
    }

    private static Frame copy(Frame frame) {
        ByteBuffer bytes = FrameCodec.encode(frame).order(ByteOrder.LITTLE_ENDIAN);
        return FrameCodec.decode(bytes.position(FrameCodec.PREFIX).slice(), bytes.getInt(4));
    }

    /// @return the cut's number, -1 when none was made
    long cut() {
        GroupCut cut = source.cuts().begin("");
        if (cut == null) {
            return -1;
        }
        cut.own().switchAll();
        source.cuts().releaseOwn(cut);
        return source.cuts().finish(cut);
    }

    /// Passes and ships until the replica has everything.
    void settle() {
        for (int i = 0; i < 2000 && !settled(); i++) {
            if (i % 20 == 0) {
                long _ = cut();
            }
            turn(64 << 10);
        }
        if (!settled()) {
            throw new AssertionError("in %s: %s".formatted(volume.mode(), volume.reason()));
        }
    }

    private boolean settled() {
        return volume.mode() == Mode.STREAM
                && !journal.points().isEmpty()
                && journal.points().getLast().vector().getOrDefault(VOLUME, 0L)
                        == volume.lastVseq();
    }

    void write(int block, int content) {
        volume.write((long) block * BLOCK, filled(content));
    }

    static ByteBuffer filled(int content) {
        ByteBuffer data = ByteBuffer.allocate(BLOCK);
        while (data.hasRemaining()) {
            data.put((byte) content);
        }
        return data.flip();
    }

    /// The bytes that travelled in frames of this kind since [#sent] was cleared.
    long bytesOf(Class<? extends Frame> kind) {
        return sent.stream()
                .filter(kind::isInstance)
                .mapToLong(f -> FrameCodec.encode(f).remaining())
                .sum();
    }

    byte[] replica() {
        try {
            ByteBuffer all = ByteBuffer.allocate(blocks * BLOCK);
            journal.view(journal.points().getLast().number()).volume(VOLUME).read(0, all);
            return all.array();
        } catch (FaultException e) {
            throw new AssertionError(e);
        }
    }

    byte[] local() {
        ByteBuffer all = ByteBuffer.allocate(blocks * BLOCK);
        raw.read(0, all);
        return all.array();
    }
}
