// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFault;
import io.redoubt.core.port.DiskFile;
import io.redoubt.storage.journal.WritesBehind;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The source's backlog: records in mapped segments that are recycled, addressed by their number (rule 7).
///
/// It is never synced: it survives the process, and is discarded in another boot. An idle volume holds no segment. A record does not
/// cross a segment; the first unit of each segment is its header, which names the stretch of numbers that it holds now.
final class Spool implements AutoCloseable {
    private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final long SEGMENT_MAGIC = 0x474553_4C4F4F50L;
    private static final int FREE_WHILE_BUSY = 16;
    private static final int FREE_AT_REST = 2;

    private final Disk disk;
    private final long segmentUnits;
    private final int segmentBytes;
    private final int segmentsMax;
    private final Map<Long, Segment> segments = new ConcurrentHashMap<>();
    private final ArrayDeque<Segment> free = new ArrayDeque<>();
    private int made;

    private record Segment(String name, DiskFile file, MemorySegment memory) {}

    Spool(Disk disk, SourceLimits limits, boolean keep) {
        this.disk = disk;
        this.segmentBytes = limits.spoolSegmentBytes();
        this.segmentUnits = segmentBytes / Word.UNIT;
        this.segmentsMax = (int) (limits.spoolBytes() / segmentBytes);
        for (String name : disk.list()) {
            if (name.startsWith("spool-")) {
                if (keep) {
                    adopt(name);
                } else {
                    disk.delete(name);
                }
            }
        }
    }

    private void adopt(String name) {
        DiskFile file = disk.open(name);
        if (file.size() < segmentBytes) {
            file.close();
            disk.delete(name);
            return;
        }
        var segment = new Segment(name, file, file.map(segmentBytes));
        made++;
        if (segment.memory.get(LONG, 0) == SEGMENT_MAGIC) {
            segments.put(segment.memory.get(LONG, 8), segment);
        } else {
            free.add(segment);
        }
    }

    /// Where a record of this many units goes when the last number is `vseq`: its start.
    long place(long vseq, long units) {
        long within = vseq % segmentUnits;
        if (within == 0) {
            return vseq + 1;
        }
        return within + units <= segmentUnits ? vseq : (vseq / segmentUnits + 1) * segmentUnits + 1;
    }

    /// Makes sure that there is memory for a record that starts here.
    ///
    /// @return false when the quota or the disk is full
    boolean room(long start) {
        long index = start / segmentUnits;
        return segments.containsKey(index) || makeRoom(index);
    }

    private synchronized boolean makeRoom(long index) {
        if (segments.containsKey(index)) {
            return true;
        }
        Segment segment = free.poll();
        if (segment == null) {
            if (made >= segmentsMax) {
                return false;
            }
            segment = make();
            if (segment == null) {
                return false;
            }
        }
        segment.memory.set(LONG, 8, index);
        segment.memory.set(LONG, 0, SEGMENT_MAGIC);
        segments.put(index, segment);
        return true;
    }

    private @Nullable Segment make() {
        for (int slot = 0; ; slot++) {
            String name = "spool-%04d".formatted(slot);
            if (!disk.exists(name)) {
                DiskFile file = disk.create(name);
                try {
                    file.allocate(segmentBytes);
                } catch (FaultException e) {
                    file.close();
                    disk.delete(name);
                    if (e.fault() instanceof DiskFault.Full) {
                        return null;
                    }
                    throw e;
                }
                made++;
                return new Segment(name, file, file.map(segmentBytes));
            }
        }
    }

    /// Stores a record, not complete yet. The room was asked for and the number drawn.
    void append(SpoolRecord record, @Nullable ByteBuffer data) {
        Segment segment = require(record.start());
        long at = record.start() % segmentUnits * Word.UNIT;
        if (data != null) {
            segment.memory
                    .asSlice(at + SpoolRecord.HEADER, data.remaining())
                    .copyFrom(MemorySegment.ofBuffer(data));
        }
        MemorySegment.copy(
                MemorySegment.ofBuffer(record.encode()),
                0,
                segment.memory,
                at,
                SpoolRecord.COMPLETE_AT);
        INT.setRelease(segment.memory, at + SpoolRecord.COMPLETE_AT, 0);
    }

    /// From now on it may be shipped: it was executed locally.
    void complete(SpoolRecord record) {
        long at = record.start() % segmentUnits * Word.UNIT;
        INT.setRelease(
                require(record.start()).memory,
                at + SpoolRecord.COMPLETE_AT,
                record.completeMark());
    }

    /// Writes a VOID over what a lost writer left between two numbers; complete at once.
    void overwriteByVoid(long start, SpoolRecord record) {
        Segment segment = require(start);
        long at = start % segmentUnits * Word.UNIT;
        MemorySegment.copy(
                MemorySegment.ofBuffer(record.encode()),
                0,
                segment.memory,
                at,
                SpoolRecord.COMPLETE_AT);
        INT.setRelease(segment.memory, at + SpoolRecord.COMPLETE_AT, record.completeMark());
    }

    /// A record found, and whether it is complete.
    record Found(SpoolRecord record, boolean complete) {}

    /// The record that follows a number; null when none is there (yet).
    @Nullable Found after(long vseq) {
        long start = place(vseq, 1);
        Found found = at(start);
        if (found != null && found.record.previous() == vseq) {
            return found;
        }
        long next = (vseq / segmentUnits + 1) * segmentUnits + 1;
        found = at(next);
        return found != null && found.record.previous() == vseq ? found : null;
    }

    /// The record that starts here.
    @Nullable Found at(long start) {
        Segment segment = segments.get(start / segmentUnits);
        if (segment == null) {
            return null;
        }
        long at = start % segmentUnits * Word.UNIT;
        int mark = (int) INT.getAcquire(segment.memory, at + SpoolRecord.COMPLETE_AT);
        ByteBuffer header =
                segment.memory
                        .asSlice(at, SpoolRecord.HEADER)
                        .asByteBuffer()
                        .order(ByteOrder.LITTLE_ENDIAN);
        SpoolRecord record = SpoolRecord.decode(header, start);
        return record == null ? null : new Found(record, mark == record.completeMark());
    }

    /// The data of a record, in place; valid until it is freed.
    ByteBuffer data(SpoolRecord record) {
        long at = record.start() % segmentUnits * Word.UNIT;
        return require(record.start())
                .memory
                .asSlice(at + SpoolRecord.HEADER, record.dataBytes())
                .asByteBuffer();
    }

    /// Gives back what lies wholly at or below this number.
    synchronized void freeUpTo(long vseq) {
        for (long index : segments.keySet().stream().sorted().toList()) {
            if ((index + 1) * segmentUnits <= vseq) {
                recycle(index);
            }
        }
    }

    synchronized void discard() {
        segments.keySet().stream().sorted().toList().forEach(this::recycle);
    }

    private void recycle(long index) {
        Segment segment = segments.remove(index);
        if (segment != null) {
            segment.memory.set(LONG, 0, 0);
            if (free.size() < FREE_WHILE_BUSY) {
                free.add(segment);
            } else {
                delete(segment);
            }
        }
    }

    private void delete(Segment segment) {
        segment.file.close();
        disk.delete(segment.name);
        made--;
    }

    /// Gives back what a backlog has left. Not at once: an ack frees many segments, which the next second wants again, and making one
    /// costs more than writing it.
    synchronized void rest() {
        while (free.size() > FREE_AT_REST) {
            delete(free.removeLast());
        }
    }

    /// The blocks that the records between two numbers touch.
    Set<Long> blocks(long from, long to) {
        var blocks = new TreeSet<Long>();
        forEach(
                from,
                to,
                record -> {
                    for (long block = firstBlock(record); block <= lastBlock(record); block++) {
                        blocks.add(block);
                    }
                });
        return blocks;
    }

    /// The writes between two numbers.
    WritesBehind.Count count(long from, long to) {
        long[] sum = new long[2];
        forEach(
                from,
                to,
                record -> {
                    sum[0]++;
                    sum[1] += (lastBlock(record) - firstBlock(record) + 1) * DirtyMap.BLOCK;
                });
        return new WritesBehind.Count(sum[0], sum[1]);
    }

    private void forEach(long from, long to, Consumer<SpoolRecord> sink) {
        for (Found found = after(from);
                found != null && found.record.vseq() <= to;
                found = after(found.record.vseq())) {
            if (found.record.kind() != SpoolRecord.Kind.VOID) {
                sink.accept(found.record);
            }
        }
    }

    private static long firstBlock(SpoolRecord record) {
        return record.offset() / DirtyMap.BLOCK;
    }

    private static long lastBlock(SpoolRecord record) {
        return (record.offset() + record.length() - 1) / DirtyMap.BLOCK;
    }

    long bytesHeld() {
        return (long) segments.size() * segmentBytes;
    }

    private Segment require(long start) {
        Segment segment = segments.get(start / segmentUnits);
        if (segment == null) {
            throw new IllegalStateException("no spool segment holds unit " + start);
        }
        return segment;
    }

    @Override
    public void close() {
        segments.values().forEach(s -> s.file.close());
        free.forEach(s -> s.file.close());
    }
}
