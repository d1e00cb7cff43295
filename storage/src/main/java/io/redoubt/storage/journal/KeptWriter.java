// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import io.redoubt.storage.journal.LogRecord.Kind;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Copies versions into kept segments: records as in the log, one block each, with the numbers of the writes that made them.
///
/// Their lsn counts from 1 in each segment: they are no part of the log's order. A crash before the manifest names a segment leaves an
/// orphan.
final class KeptWriter {
    private static final ByteBuffer NOTHING = LogRecord.buffer(0);

    private final Disk disk;
    private final Segments segments;
    private final BlockSeal seal;
    private final int segmentBytes;
    private final List<Manifest.Kept> written = new ArrayList<>();
    private final ByteBuffer record =
            LogRecord.buffer(LogRecord.HEADER + Appended.tableBytes(1) + Blocks.SIZE);
    private int number;
    private @Nullable DiskFile active;
    private int position;
    private long lsn;

    /// @param firstNumber the number of its first segment, of which nothing is used from here on
    KeptWriter(OnDisk here, int segmentBytes, int firstNumber) {
        this.disk = here.disk();
        this.segments = here.segments();
        this.seal = here.seal();
        this.segmentBytes = segmentBytes;
        this.number = firstNumber - 1;
    }

    /// @param good false for bytes that cannot be trusted: they get a checksum that never matches
    /// @return where the copy is
    IndexEntry copy(IndexEntry entry, ByteBuffer block, boolean good) {
        int table = Appended.tableBytes(1);
        ByteBuffer payload = LogRecord.buffer(table + Blocks.SIZE);
        payload.put(table, block, 0, Blocks.SIZE);
        rollFor(entry);
        int at = position + LogRecord.HEADER + table;
        seal.seal(number, at, payload, table);
        int crc = Checksum.of(payload, table, Blocks.SIZE);
        int kept = good ? crc : ~crc;
        append(Kind.WRITE, entry, payload.putInt(0, kept));
        return new IndexEntry(entry.place(), entry.vseq(), number, at, kept, !good);
    }

    IndexEntry zeros(IndexEntry entry) {
        rollFor(entry);
        append(Kind.ZERO, entry, NOTHING.duplicate());
        return IndexEntry.zeros(entry.place(), entry.vseq(), number);
    }

    private void rollFor(IndexEntry entry) {
        if (active == null || position + entry.recordBytes() > segmentBytes) {
            roll();
        }
    }

    private void append(Kind kind, IndexEntry entry, ByteBuffer payload) {
        var header =
                new LogRecord(
                        kind,
                        true, // as of a pass: it does not follow the record before
                        Blocks.slot(entry.place()),
                        ++lsn,
                        0,
                        0,
                        entry.vseq(),
                        Blocks.block(entry.place()) * Blocks.SIZE,
                        Blocks.SIZE,
                        payload.remaining(),
                        Checksum.of(payload));
        record.clear();
        header.encode(record);
        record.put(payload).flip();
        int size = record.remaining();
        requireActive().write(position, record);
        position += size;
    }

    private void roll() {
        end();
        number++;
        String name = Segments.name(number);
        disk.delete(name); // of a crash before the manifest named it
        active = disk.create(name);
        active.write(0, segments.header(number, 1));
        position = Segments.HEADER;
        lsn = 0;
    }

    private void end() {
        if (active != null) {
            active.sync();
            segments.put(number, active);
            written.add(new Manifest.Kept(number, position));
            active = null;
        }
    }

    private DiskFile requireActive() {
        DiskFile file = active;
        if (file == null) {
            throw new IllegalStateException("no segment is open");
        }
        return file;
    }

    /// Syncs what was copied; the caller makes the names durable by syncing the directory.
    List<Manifest.Kept> finish() {
        end();
        return List.copyOf(written);
    }

    /// None of it will be needed.
    void discard() {
        if (active != null) {
            segments.put(number, active);
            written.add(new Manifest.Kept(number, position));
            active = null;
        }
        written.forEach(kept -> segments.delete(kept.number()));
    }
}
