// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.grant.GrantHolder;
import io.redoubt.core.grant.GrantTimes;
import io.redoubt.core.grant.Grantor;
import io.redoubt.core.port.Disk;
import io.redoubt.simulation.machine.SimHost;
import io.redoubt.simulation.machine.SimTime;
import io.redoubt.simulation.machine.SyncLedger;
import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.block.BlockImage;
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
    static final UUID LINEAGE = new UUID(7, 7);
    static final JournalLimits JOURNAL = new JournalLimits(1 << 20, 1000);
    private static final long MILLI = 1_000_000L;
    private static final GrantTimes TIMES = new GrantTimes(1_000_000 * MILLI, MILLI);

    final SimTime time;
    final SimHost home;
    final Journal journal;
    final List<Frame> sent = new ArrayList<>();
    private final SourceLimits limits;
    private final UUID lineage;
    private final GroupReceiver receiver;
    private final Deque<Frame> toSource = new ArrayDeque<>();
    private ReceiverSession session;
    BlockDevice below;
    SourceVolume volume;
    GroupSource source;

    /// A new volume, and a new journal somewhere else.
    OneGroup(SourceLimits limits, int blocks) {
        this(new SimTime(), limits, blocks);
    }

    private OneGroup(SimTime time, SourceLimits limits, int blocks) {
        this(
                time,
                limits,
                blocks,
                new SimHost(new SplittableRandom(2), time, new SyncLedger()).disk("journal"));
    }

    /// @param far where the journal is made
    OneGroup(SimTime time, SourceLimits limits, int blocks, Disk far) {
        this(
                time,
                new SimHost(new SplittableRandom(1), time, new SyncLedger()),
                limits,
                LINEAGE,
                blocks,
                Journal.open(far, LINEAGE, JOURNAL));
    }

    private OneGroup(
            SimTime time,
            SimHost home,
            SourceLimits limits,
            UUID lineage,
            int blocks,
            Journal journal) {
        this(
                time,
                home,
                RawVolume.create(home.disk("v"), VOLUME, new Bytes((long) blocks * BLOCK)),
                limits,
                lineage,
                journal);
    }

    OneGroup(
            SimTime time,
            SimHost home,
            BlockDevice below,
            SourceLimits limits,
            UUID lineage,
            Journal journal) {
        this.time = time;
        this.home = home;
        this.below = below;
        this.limits = limits;
        this.lineage = lineage;
        this.journal = journal;
        receiver = new GroupReceiver(journal, new Grantor(TIMES, 1, false, false, 0), home.clock());
        session = receiver.connect();
        volume = newVolume();
        source = newSource();
    }

    private SourceVolume newVolume() {
        return new SourceVolume(
                VOLUME,
                below,
                home.disk("v-source"),
                home.clock(),
                limits,
                () -> GrantHolder.Standing.GRANTED);
    }

    private GroupSource newSource() {
        return new GroupSource(
                lineage, 1, List.of(volume), home.clock(), new GrantHolder(TIMES, 1));
    }

    /// The source's process dies and starts again.
    void restart() {
        home.restartProcess();
        start();
    }

    /// The source's host loses its power and starts again.
    void powerLoss() {
        home.powerLoss();
        start();
    }

    private void start() {
        below = RawVolume.open(home.disk("v"), VOLUME);
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

    /// What the receiver says to a connection that begins so.
    List<Frame> answersTo(Frame hello) {
        return receiver.connect().received(copy(hello));
    }

    /// The receiver takes a frame of the present connection.
    void hear(Frame frame) {
        deliver(frame);
        answers();
    }

    Loss lossBehind(long point) {
        return receiver.lossBehind(point);
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
        return content(image(journal.points().getLast().number()));
    }

    BlockImage image(long point) {
        return journal.view(point).volume(VOLUME);
    }

    byte[] local() {
        return content(below);
    }

    static byte[] content(BlockImage image) {
        ByteBuffer all = ByteBuffer.allocate((int) image.size());
        image.read(0, all);
        return all.array();
    }
}
