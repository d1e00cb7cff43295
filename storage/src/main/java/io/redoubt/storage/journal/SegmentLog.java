// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The log's files. Only the last segment ever holds bytes that are not durable: the one before is synced when the next is made.
///
/// A start seals the last segment at the end of its good records (synced first, because they may be known to nothing but the page
/// cache) and goes on in a new one. So a torn tail is never written over, and an old one never read again.
final class SegmentLog implements AutoCloseable {
    private final Disk disk;
    private final ManifestFile manifest;
    private final int segmentBytes;
    private final Segments segments;
    private final DurableMark mark;
    private @Nullable DiskFile active;
    private int activeNumber;
    private int position;
    private long lsn;
    private long durableLsn;
    private ByteBuffer scratch = LogRecord.buffer(64 << 10);

    SegmentLog(Disk disk, ManifestFile manifest, Segments segments, int segmentBytes) {
        this.disk = disk;
        this.manifest = manifest;
        this.segments = segments;
        this.segmentBytes = segmentBytes;
        this.mark = new DurableMark(disk);
    }

    /// Every record up to this one was durable before the start.
    long knownDurable() {
        return mark.lsn();
    }

    /// Goes on after a replay: everything up to this record is in sealed segments. Numbers up to the mark are not used again, also
    /// when damage took their records.
    ///
    /// @param sealed the log until now
    void resumeAfter(long lastLsn, List<Manifest.Segment> sealed) {
        lsn = Math.max(lastLsn, mark.lsn());
        durableLsn = lsn;
        if (!sealed.isEmpty()) {
            activeNumber = sealed.getLast().number();
            position = sealed.getLast().sealedEnd();
        }
    }

    /// Whether a record with a payload of this size begins a segment.
    boolean rolls(long payload) {
        return active == null || position + LogRecord.HEADER + payload > segmentBytes;
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

    /// Makes room for a record, in a new segment when it must.
    ///
    /// @return where its payload will stand in segment [#activeNumber]
    /// @throws FaultException with [DiskFault.Full]
    int place(int payload) {
        if (rolls(payload)) {
            roll();
        }
        return position + LogRecord.HEADER;
    }

    /// Appends a record, in memory of the operating system only; [#sync] makes it durable.
    ///
    /// @param header  its lsn and durable are filled in here
    /// @param payload a multiple of 8 bytes
    /// @return where the payload stands in segment [#activeNumber]
    /// @throws FaultException with [DiskFault.Full] when a new segment finds no room; nothing was appended
    int append(LogRecord header, ByteBuffer payload) {
        int size = LogRecord.HEADER + payload.remaining();
        int at = place(payload.remaining());
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
        return at;
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
        var all = new ArrayList<>(manifest.now().segments());
        if (active != null) {
            all.set(
                    all.size() - 1,
                    new Manifest.Segment(activeNumber, all.getLast().firstLsn(), position));
        }
        int number = all.isEmpty() ? 1 : all.getLast().number() + 1;
        DiskFile file = makeSegment(number);
        all.add(new Manifest.Segment(number, lsn + 1, 0));
        manifest.replace(manifest.now().withSegments(all));
        segments.put(number, file);
        active = file;
        activeNumber = number;
        position = Segments.HEADER;
    }

    private DiskFile makeSegment(int number) {
        disk.delete(
                Segments.name(
                        number)); // of a crash, or of a full disk, before the manifest named it
        DiskFile file = disk.create(Segments.name(number));
        try {
            file.allocate(segmentBytes);
            file.write(0, segments.header(number, lsn + 1));
            file.sync();
            disk.sync();
            return file;
        } catch (FaultException e) {
            file.close();
            disk.delete(Segments.name(number));
            throw e;
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
        segments.close();
        mark.close();
    }
}
