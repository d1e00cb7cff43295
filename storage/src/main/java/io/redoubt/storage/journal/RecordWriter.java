// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.VolumeId;
import io.redoubt.storage.journal.LogRecord.Kind;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/// Turns what the stream brings into records: fills writes up to whole blocks and computes their checksums.
final class RecordWriter {
    private static final ByteBuffer NOTHING = LogRecord.buffer(0);

    private final SegmentLog log;
    private final BlockReader reader;
    private final BlockSeal seal;
    private final Damages damages;

    RecordWriter(SegmentLog log, OnDisk here) {
        this.log = log;
        this.reader = here.reader();
        this.seal = here.seal();
        this.damages = here.damages();
    }

    Appended member(VolumeId volume, int slot, long size, boolean adopted) {
        byte[] id = volume.value().getBytes(StandardCharsets.UTF_8);
        ByteBuffer payload = LogRecord.buffer((id.length + 2 + 7) & -8);
        ManifestCodec.putText(payload, volume.value());
        return append(Kind.MEMBER, false, slot, adopted ? 1 : 0, 0, size, 0, payload.clear());
    }

    Appended mark(Kind kind, int slot, long first, long last, long offset) {
        return append(kind, false, slot, first, last, offset, 0, NOTHING.duplicate());
    }

    Appended passBegin(int slot, long skipFirst, long vseq, long pass, boolean full) {
        return append(Kind.PASS_BEGIN, full, slot, skipFirst, vseq, pass, 0, NOTHING.duplicate());
    }

    Appended cut(RecoveryPoint point, Map<VolumeId, Integer> slots) {
        int room = 64 + point.vector().size() * 12 + point.name().length() * 3;
        ByteBuffer payload = LogRecord.buffer((room + 7) & -8);
        PointCodec.put(payload, point, slots);
        return append(Kind.CUT, false, 0, 0, 0, point.number(), 0, payload.clear());
    }

    Appended label(long point, String text) {
        ByteBuffer payload =
                LogRecord.buffer((text.getBytes(StandardCharsets.UTF_8).length + 2 + 7) & -8);
        ManifestCodec.putText(payload, text);
        return append(Kind.LABEL_POINT, false, 0, 0, 0, point, 0, payload.clear());
    }

    Appended write(int slot, long first, long last, long offset, ByteBuffer data, boolean pass) {
        long from = Blocks.down(offset);
        long to = Blocks.up(offset + data.remaining());
        int blocks = (int) ((to - from) / Blocks.SIZE);
        int table = Appended.tableBytes(blocks);
        ByteBuffer payload = LogRecord.buffer(table + blocks * Blocks.SIZE);
        // A block that is covered in part only is filled from its newest version, the one that this
        // write changed at the source.
        boolean headGood =
                offset == from || reader.newest(slot, from, payload.slice(table, Blocks.SIZE));
        boolean oneBlock = blocks == 1;
        boolean tailGood =
                offset + data.remaining() == to
                        || (oneBlock && offset > from)
                        || reader.newest(
                                slot,
                                to - Blocks.SIZE,
                                payload.slice(table + (blocks - 1) * Blocks.SIZE, Blocks.SIZE));
        payload.put(table + (int) (offset - from), data, data.position(), data.remaining());
        int at = log.place(payload.capacity()) + table;
        for (int i = 0; i < blocks; i++) {
            seal.seal(log.activeNumber(), at + i * Blocks.SIZE, payload, table + i * Blocks.SIZE);
            boolean good = (i > 0 || headGood) && (i < blocks - 1 || tailGood);
            if (!good) {
                damages.note(Blocks.place(slot, from / Blocks.SIZE + i), last);
            }
            int crc = Checksum.of(payload, table + i * Blocks.SIZE, Blocks.SIZE);
            // Made from bytes that cannot be trusted: a checksum that never matches, so that every
            // read of it is a fault.
            payload.putInt(i * 4, good ? crc : ~crc);
        }
        return append(
                Kind.WRITE, pass, slot, first, last, from, blocks * Blocks.SIZE, payload.clear());
    }

    /// Whole blocks; a range with ragged ends is a write of zeros there and is split by the caller.
    Appended zero(int slot, long first, long last, long offset, long length, boolean pass) {
        return append(
                Kind.ZERO, pass, slot, first, last, offset, (int) length, NOTHING.duplicate());
    }

    private Appended append(
            Kind kind,
            boolean pass,
            int slot,
            long first,
            long last,
            long offset,
            int length,
            ByteBuffer payload) {
        var record = new LogRecord(kind, pass, slot, 0, 0, first, last, offset, length, 0, 0);
        int at = log.append(record, payload);
        return new Appended(record, payload, at, false);
    }
}
