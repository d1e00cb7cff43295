// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// The header of a record in the spool, 64 bytes, followed by its data, the whole rounded up to units of 512 bytes.
///
/// @param previous    the number of the record before it
/// @param vseq        its own: the end of the record, in units
/// @param offset      bytes in the volume; of a VOID the number that says what is there instead
/// @param dataCrc     CRC32C of the data, computed once and carried to the journal
record SpoolRecord(Kind kind, long previous, long vseq, long offset, int length, int dataCrc) {
    static final int HEADER = 64;
    static final int COMPLETE_AT = 60;
    private static final int MAGIC = 0x4C505352;
    private static final int CRC_AT = 56;

    /// What a record says.
    enum Kind {
        WRITE((byte) 1),
        ZERO((byte) 2),
        VOID((byte) 3);

        final byte code;

        Kind(byte code) {
            this.code = code;
        }
    }

    /// Room of a record with this much data, in units.
    static long units(int dataBytes) {
        return ((long) HEADER + dataBytes + Word.UNIT - 1) / Word.UNIT;
    }

    int dataBytes() {
        return kind == Kind.WRITE ? length : 0;
    }

    /// Where it starts, in units.
    long start() {
        return vseq - units(dataBytes());
    }

    /// What stands at [#COMPLETE_AT] once the write has been executed locally; differs for every record that the place ever held.
    int completeMark() {
        return completeMark(vseq);
    }

    static int completeMark(long vseq) {
        return (int) ((vseq * 0x9E3779B97F4A7C15L) >>> 32) | 1;
    }

    ByteBuffer encode() {
        ByteBuffer out = ByteBuffer.allocate(HEADER).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(MAGIC).put(kind.code).put((byte) 0).putShort((short) 0);
        out.putLong(previous).putLong(vseq).putLong(offset).putInt(length).putInt(dataCrc);
        out.putInt(CRC_AT, crc(out));
        return out.clear();
    }

    /// @return null when these bytes are not the header of a record that starts here
    static @Nullable SpoolRecord decode(ByteBuffer in, long start) {
        if (in.getInt(0) != MAGIC || in.getInt(CRC_AT) != crc(in)) {
            return null;
        }
        Kind kind =
                switch (in.get(4)) {
                    case 1 -> Kind.WRITE;
                    case 2 -> Kind.ZERO;
                    default -> Kind.VOID;
                };
        var record =
                new SpoolRecord(
                        kind,
                        in.getLong(8),
                        in.getLong(16),
                        in.getLong(24),
                        in.getInt(32),
                        in.getInt(36));
        // A VOID may stand for several lost numbers and so be longer than its header.
        boolean fits = kind == Kind.VOID ? record.vseq > start : record.start() == start;
        return fits ? record : null;
    }

    private static int crc(ByteBuffer header) {
        var crc = new CRC32C();
        crc.update(header.slice(0, CRC_AT));
        return (int) crc.getValue();
    }
}
