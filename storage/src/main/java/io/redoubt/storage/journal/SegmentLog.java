// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// The log's files. Only the last segment ever holds bytes that are not durable: the one before is synced when the next is made.
///
/// A start seals the last segment at the end of its good records (synced first, because they may be known to nothing but the page
/// cache) and goes on in a new one. So a torn tail is never written over, and an old one never read again.
final class SegmentLog implements AutoCloseable {
    private static final long MAGIC = 0x31304C4F4754444CL;
    private static final int VERSION = 1;
    static final int FILE_HEADER = 64;

    private final Disk disk;
    private final ManifestFile manifest;
    private final int segmentBytes;
    private final DurableMark mark;
    private final Map<Integer, DiskFile> files = new ConcurrentHashMap<>();
    private @Nullable DiskFile active;
    private int activeNumber;
    private int position;
    private long lsn;
    private long durableLsn;
    private ByteBuffer scratch = LogRecord.buffer(64 << 10);

    SegmentLog(Disk disk, ManifestFile manifest, int segmentBytes) {
        this.disk = disk;
        this.manifest = manifest;
        this.segmentBytes = segmentBytes;
        this.mark = new DurableMark(disk);
    }

    /// Every record up to this one was durable before the start.
    long knownDurable() {
        return mark.lsn();
    }

    static String name(int number) {
        return "log-%08d".formatted(number);
    }

    /// Goes on after a replay: everything up to this record is in sealed segments. Numbers up to the mark are not used again, also
    /// when damage took their records.
    void resumeAfter(long lastLsn) {
        lsn = Math.max(lastLsn, mark.lsn());
        durableLsn = lsn;
    }

    long lsn() {
        return lsn;
    }

    long durableLsn() {
        return durableLsn;
    }

    int activeNumber() {
        return activeNumber;
    }

    int position() {
        return position;
    }

    DiskFile file(int number) {
        return files.computeIfAbsent(number, n -> disk.open(name(n)));
    }

    /// Appends a record, in memory of the operating system only; [#sync] makes it durable.
    ///
    /// @param header  its lsn and durable are filled in here
    /// @param payload a multiple of 8 bytes
    /// @return where the payload stands in segment [#activeNumber]
    /// @throws FaultException with [DiskFault.Full] when a new segment finds no room; nothing was appended
    int append(LogRecord header, ByteBuffer payload) {
        int size = LogRecord.HEADER + payload.remaining();
        if (active == null || position + size > segmentBytes) {
            roll();
        }
        if (scratch.capacity() < size) {
            scratch = LogRecord.buffer(size);
        }
        var record =
                new LogRecord(
                        header.kind(),
                        header.pass(),
                        header.slot(),
                        lsn + 1,
                        durableLsn,
                        header.first(),
                        header.last(),
                        header.offset(),
                        header.length(),
                        payload.remaining(),
                        Checksum.of(payload));
        scratch.clear();
        record.encode(scratch);
        scratch.put(payload.duplicate()).flip();
        requireActive().write(position, scratch);
        lsn++;
        position += size;
        return position - payload.remaining();
    }

    /// Makes every appended record durable.
    void sync() {
        if (durableLsn < lsn) {
            long upTo = lsn;
            requireActive().sync();
            durableLsn = upTo;
            mark.durable(upTo);
        }
    }

    private void roll() {
        sync();
        var segments = new ArrayList<>(manifest.now().segments());
        if (active != null) {
            segments.set(
                    segments.size() - 1,
                    new Manifest.Segment(activeNumber, segments.getLast().firstLsn(), position));
        }
        int number = segments.isEmpty() ? 1 : segments.getLast().number() + 1;
        DiskFile file = makeSegment(number);
        segments.add(new Manifest.Segment(number, lsn + 1, 0));
        manifest.replace(manifest.now().withSegments(segments));
        files.put(number, file);
        active = file;
        activeNumber = number;
        position = FILE_HEADER;
    }

    private DiskFile makeSegment(int number) {
        disk.delete(name(number)); // of a crash, or of a full disk, before the manifest named it
        DiskFile file = disk.create(name(number));
        try {
            file.allocate(segmentBytes);
            ByteBuffer header = LogRecord.buffer(FILE_HEADER);
            header.putLong(MAGIC).putInt(VERSION).putInt(number);
            header.putLong(manifest.now().lineage().getMostSignificantBits());
            header.putLong(manifest.now().lineage().getLeastSignificantBits());
            header.putLong(lsn + 1);
            header.putInt(60, Checksum.of(header, 0, 60));
            file.write(0, header.clear());
            file.sync();
            disk.sync();
            return file;
        } catch (FaultException e) {
            file.close();
            disk.delete(name(number));
            throw e;
        }
    }

    /// @throws FaultException with [JournalFault.Foreign] for another magic, version, number or lineage
    void checkHeader(int number) {
        ByteBuffer header = LogRecord.buffer(FILE_HEADER);
        file(number).read(0, header);
        if (header.getLong(0) != MAGIC) {
            throw new FaultException(
                    new JournalFault.Foreign(
                            name(number),
                            "it begins with %016x instead of %016x"
                                    .formatted(header.getLong(0), MAGIC)));
        }
        if (header.getInt(8) != VERSION) {
            throw new FaultException(
                    new JournalFault.Foreign(name(number), "its version is " + header.getInt(8)));
        }
        if (header.getInt(60) != Checksum.of(header, 0, 60)) {
            throw new FaultException(
                    new JournalFault.Damaged(name(number), 0, "its header has a wrong checksum"));
        }
        if (header.getInt(12) != number
                || header.getLong(16) != manifest.now().lineage().getMostSignificantBits()
                || header.getLong(24) != manifest.now().lineage().getLeastSignificantBits()) {
            throw new FaultException(
                    new JournalFault.Foreign(name(number), "it belongs to another journal"));
        }
    }

    private DiskFile requireActive() {
        DiskFile file = active;
        if (file == null) {
            throw new IllegalStateException("no segment is open");
        }
        return file;
    }

    @Override
    public void close() {
        files.values().forEach(DiskFile::close);
        files.clear();
        mark.close();
    }
}
