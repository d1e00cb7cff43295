// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.grant.GrantHolder.Standing;
import io.redoubt.core.port.Clock;
import io.redoubt.core.port.Disk;
import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.block.Range;
import io.redoubt.storage.block.StripeLocks;
import io.redoubt.storage.block.VolumeFault;
import io.redoubt.storage.journal.Checksum;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// The layer that numbers each write and leaves a copy in the spool for the stream: the splitter of a protected volume.
///
/// A write, in this order (rule 6): it waits while a cut has closed the volume; takes the locks of the stripes that it touches; makes its
/// chunks durably dirty; draws its number and its room with one compare-and-set, marking leaves first when the mode wants them; appends
/// to the spool; saves frozen blocks that it is about to overwrite; writes locally; marks the record complete; unlocks; replies when the
/// grants still hold. What a crash leaves behind at each of these steps:
///
/// - before the draw: nothing but dirty bits that say too much;
/// - after the draw: a number without a record, declared VOID by the next start;
/// - after the append: a record that is not complete. The next start reads what is there and ships it under a new number;
/// - after the local write: the same;
/// - once complete: a write that happened.
///
/// The guest never waits for the link: when the spool is full the volume goes to TRACK.
public final class SourceVolume implements BlockDevice {
    /// What [#tryWrite] answers when the write must wait: nothing has happened.
    public static final long NOT_NOW = -1;

    private static final long WAIT_CLOSED_NANOS = 50_000L;
    private static final long WAIT_GRANT_NANOS = 5_000_000L;
    private static final int ZERO_BYTES_MAX = 4 << 20;

    private final VolumeId id;
    private final BlockDevice next;
    private final SourceLimits limits;
    private final WriteGate gate;
    private final SourceState state;
    private final Spool spool;
    private final DirtyMap dirty;
    private final StripeLocks stripes = new StripeLocks();
    private final Numbering numbering;
    private final FrozenBlocks frozen;
    private final RestedChunks rested;
    private final PassPart passes;
    private final Differences differences;
    private volatile boolean stopped;

    /// @param disk a directory of its own, on the same host as the volume
    public SourceVolume(
            VolumeId id,
            BlockDevice next,
            Disk disk,
            Clock clock,
            SourceLimits limits,
            WriteGate gate) {
        this.id = id;
        this.next = next;
        this.limits = limits;
        this.gate = gate;
        this.state = new SourceState(disk, clock.bootId());
        this.spool = new Spool(disk, limits, state.sameBoot());
        this.dirty =
                new DirtyMap(
                        disk,
                        next.size(),
                        limits,
                        state.sameBoot(),
                        Word.generation(state.word().get()));
        // The names of ceiling and chunks: a mark or a number in a file that a power loss takes
        // away
        // would be worth nothing.
        disk.sync();
        this.numbering = new Numbering(id, clock, state, spool, dirty);
        this.frozen = new FrozenBlocks(next, dirty, stripes, disk, limits.passReserveBytes());
        this.passes = new PassPart(numbering, frozen, state, spool, dirty, stripes);
        this.differences = new Differences(new KnownDelta(disk), state, spool, dirty);
        new SourceRecovery(this, state, spool, dirty).run();
        state.adoptBoot();
        this.rested = new RestedChunks(dirty, stripes, state, numbering, limits.looksAtRest());
    }

    /// Deletes what a splitter that is gone knew of its volume, but for the ceiling of its numbers: a journal that still holds the volume counts
    /// on numbers that never come again (rule 6), also on that of a volume which was never written.
    public static void forget(Disk disk) {
        SourceState.leaveCeiling(disk);
        disk.list().stream()
                .filter(name -> !name.equals(SourceState.CEILING))
                .forEach(disk::delete);
    }

    public VolumeId id() {
        return id;
    }

    @Override
    public long size() {
        return next.size();
    }

    @Override
    public void read(long offset, ByteBuffer into) {
        next.read(offset, into);
    }

    @Override
    public void extents(long offset, long length, ExtentSink sink) {
        next.extents(offset, length, sink);
    }

    @Override
    public long send(long offset, long length, int socket) {
        return next.send(offset, length, socket);
    }

    @Override
    public boolean zeroesFast() {
        return next.zeroesFast();
    }

    @Override
    public void write(long offset, ByteBuffer from) {
        Range.require(id, offset, from.remaining(), size());
        long at = offset;
        int end = from.limit();
        while (from.position() < end) {
            int length =
                    (int)
                            Math.min(
                                    end - from.position(),
                                    limits.recordBytes() - at % limits.recordBytes());
            from.limit(from.position() + length);
            while (tryWrite(at, from) == NOT_NOW) {
                awaitTurn();
            }
            from.position(from.limit()).limit(end);
            at += length;
        }
        awaitReply();
    }

    @Override
    public void zero(long offset, long length) {
        Range.require(id, offset, length, size());
        long end = offset + length;
        for (long at = offset; at < end; ) {
            long blockEnd = Math.min(end, (at / DirtyMap.BLOCK + 1) * DirtyMap.BLOCK);
            if (at % DirtyMap.BLOCK != 0 || end - at < DirtyMap.BLOCK) {
                write(at, ByteBuffer.allocate((int) (blockEnd - at)));
                at = blockEnd;
            } else {
                int piece =
                        (int)
                                Math.min(
                                        (end - at) / DirtyMap.BLOCK * DirtyMap.BLOCK,
                                        ZERO_BYTES_MAX);
                while (tryZero(at, piece) == NOT_NOW) {
                    awaitTurn();
                }
                at += piece;
            }
        }
        awaitReply();
    }

    /// One record's worth of a write, without waiting.
    ///
    /// @param data not changed
    /// @return its number, or [#NOT_NOW] when a cut has closed the volume or no grant is held
    /// @throws FaultException with [VolumeFault.Fenced] when the other side was promoted
    public long tryWrite(long offset, ByteBuffer data) {
        return attempt(SpoolRecord.Kind.WRITE, offset, data.remaining(), data);
    }

    /// Like [#tryWrite], for zeros over whole blocks.
    public long tryZero(long offset, int length) {
        return attempt(SpoolRecord.Kind.ZERO, offset, length, null);
    }

    /// Whether a write that was executed may be acknowledged now.
    ///
    /// @throws FaultException with [VolumeFault.Fenced] when it never may
    public boolean mayReply() {
        return switch (gate.standing()) {
            case GRANTED -> true;
            case HELD -> false;
            case FENCED -> throw fenced();
        };
    }

    private long attempt(
            SpoolRecord.Kind kind, long offset, int length, @Nullable ByteBuffer data) {
        if (!mayReply() || Word.closed(numbering.openIfOverdue())) {
            return NOT_NOW;
        }
        long held = stripes.lock(offset, length);
        try {
            dirty.markChunks(offset, length);
            int crc = data == null ? 0 : Checksum.of(data);
            SpoolRecord record = numbering.draw(kind, offset, length, crc);
            if (record == null) {
                return NOT_NOW;
            }
            dirty.wrote(offset, length, record.vseq());
            boolean spooled = record.previous() >= 0;
            if (spooled) {
                spool.append(record, data == null ? null : data.duplicate());
            }
            frozen.preserve(numbering.pass(), record.vseq(), offset, length);
            execute(record, spooled, data);
            return record.vseq();
        } finally {
            stripes.unlock(held);
        }
    }

    private void execute(SpoolRecord record, boolean spooled, @Nullable ByteBuffer data) {
        try {
            if (data == null) {
                next.zero(record.offset(), record.length());
            } else {
                next.write(record.offset(), data.duplicate());
            }
        } catch (FaultException e) {
            if (spooled) {
                replace(record);
            }
            throw e;
        }
        if (spooled) {
            spool.complete(record);
        }
    }

    /// A local write failed: nobody knows what is there now. Its true content goes under a new number, and its own number is void.
    private void replace(SpoolRecord failed) {
        long replacement = shipContent(failed.offset(), failed.length());
        spool.overwriteByVoid(
                failed.start(),
                new SpoolRecord(
                        SpoolRecord.Kind.VOID,
                        failed.previous(),
                        failed.vseq(),
                        replacement,
                        0,
                        0));
    }

    /// Reads a range and puts it into the stream as a write. The caller holds its stripes, or is alone.
    ///
    /// @return a number at or above all that it took
    long shipContent(long offset, int length) {
        for (int done = 0; done < length; ) {
            int piece = Math.min(length - done, limits.recordBytes());
            ByteBuffer content = ByteBuffer.allocate(piece);
            try {
                next.read(offset + done, content);
            } catch (FaultException unreadable) {
                // Not even readable: only the dirty map can still say that the replica may differ.
                numbering.forceTrack("a local write failed and its range cannot be read");
            }
            content.clear();
            SpoolRecord record;
            while ((record =
                            numbering.draw(
                                    SpoolRecord.Kind.WRITE,
                                    offset + done,
                                    piece,
                                    Checksum.of(content)))
                    == null) {
                numbering.openIfOverdue();
                LockSupport.parkNanos(WAIT_CLOSED_NANOS);
            }
            dirty.wrote(offset + done, piece, record.vseq());
            if (record.previous() >= 0) {
                spool.append(record, content);
                spool.complete(record);
            }
            done += piece;
        }
        return Word.vseq(state.word().get());
    }

    /// What a range holds, and the number of the last write that is in it.
    record AsOf(long vseq, Fingerprint of) {}

    AsOf asOf(long offset, int length) {
        ByteBuffer content = ByteBuffer.allocate(length);
        long held = stripes.lock(offset, length);
        try {
            long vseq =
                    lastVseq(); // whoever writes to the range drew before it or waits for the lock
            next.read(offset, content);
            return new AsOf(vseq, Fingerprint.of(content.flip()));
        } finally {
            stripes.unlock(held);
        }
    }

    /// Puts what a range of one record holds into the stream again, as a write.
    ///
    /// @return false when a cut has closed the volume
    boolean tryShipAgain(long offset, int length) {
        ByteBuffer content = ByteBuffer.allocate(length);
        long held = stripes.lock(offset, length);
        try {
            dirty.markChunks(offset, length);
            next.read(offset, content);
            SpoolRecord record =
                    numbering.draw(
                            SpoolRecord.Kind.WRITE, offset, length, Checksum.of(content.flip()));
            if (record == null) {
                return false;
            }
            dirty.wrote(offset, length, record.vseq());
            if (record.previous() >= 0) {
                spool.append(record, content);
                spool.complete(record);
            }
            frozen.preserve(numbering.pass(), record.vseq(), offset, length);
            return true;
        } finally {
            stripes.unlock(held);
        }
    }

    /// The most that one record carries.
    int recordBytes() {
        return limits.recordBytes();
    }

    /// Returns when every write that was in execution has ended. A waiting write is not in execution.
    public void drain() {
        passes.drain();
    }

    private void awaitTurn() {
        requireRunning();
        LockSupport.parkNanos(
                gate.standing() == Standing.GRANTED ? WAIT_CLOSED_NANOS : WAIT_GRANT_NANOS);
    }

    private void awaitReply() {
        while (!mayReply()) {
            requireRunning();
            LockSupport.parkNanos(WAIT_GRANT_NANOS);
        }
    }

    private void requireRunning() {
        if (stopped || Thread.currentThread().isInterrupted()) {
            throw new FaultException(new VolumeFault.Closed(id));
        }
    }

    private FaultException fenced() {
        return new FaultException(new VolumeFault.Fenced(id, state.cut(), state.cut()));
    }

    /// Says which of its records need not travel.
    Folding folding() {
        return new Folding(limits);
    }

    /// Its part of the group's passes and cuts.
    PassPart passes() {
        return passes;
    }

    /// What may differ from the replica.
    public Differences differences() {
        return differences;
    }

    SourceState state() {
        return state;
    }

    Spool spool() {
        return spool;
    }

    public Mode mode() {
        return numbering.mode();
    }

    public String reason() {
        return numbering.reason();
    }

    public long sinceMillis() {
        return numbering.sinceMillis();
    }

    /// The number of the last write.
    public long lastVseq() {
        return Word.vseq(state.word().get());
    }

    public long spoolBytes() {
        return spool.bytesHeld();
    }

    @Override
    public void flush() {
        flushBelow();
        awaitReply();
    }

    /// Whatever was not durable may be lost in part, and nobody can say what: every dirty chunk is compared again (rule 8).
    private void flushBelow() {
        try {
            next.flush();
        } catch (FaultException e) {
            numbering.distrustDirtyChunks("a local flush failed");
            throw e;
        }
    }

    /// Looks for chunks that have rested, and for room that the spool does not need, once a minute.
    ///
    /// @return how many chunks it found clean, see [RestedChunks#look]
    public int lookForRest() {
        spool.rest();
        return rested.look(this::flushBelow);
    }

    /// Ends waiting writes, then closes the files; the layer below is closed too.
    @Override
    public void close() {
        stopped = true;
        long held = stripes.lock(0, Long.MAX_VALUE / 2);
        try {
            spool.close();
            dirty.close();
            state.close();
        } finally {
            stripes.unlock(held);
        }
        next.close();
    }
}
