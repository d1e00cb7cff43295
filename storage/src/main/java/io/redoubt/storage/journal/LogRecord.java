// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/// A record of the log: 64 bytes of header, then its payload. Drawn in `docs/formats/journal.md`.
///
/// @param first      of a write: the number before it; of a pass: see [Kind]
/// @param last       of a write: its own number
/// @param durable    the last record that was durable when this one was written
record LogRecord(
        Kind kind,
        boolean pass,
        int slot,
        long lsn,
        long durable,
        long first,
        long last,
        long offset,
        int length,
        int payloadLength,
        int payloadCrc) {
    static final int HEADER = 64;
    static final int MAGIC = 0x314A4452;
    private static final int FLAG_PASS = 1;

    /// What a record says.
    enum Kind {
        /// A member: slot, its size as `offset`, its id as payload; `first` is 1 when its base was a volume before.
        MEMBER(1),
        /// Whole blocks of one member; the payload is a table of CRC32C, one for each block, then the blocks.
        WRITE(2),
        /// Whole blocks of zeros.
        ZERO(3),
        /// A number whose write did not happen; `offset` is the number of the write that says what is there instead.
        VOID(4),
        /// A pass of a member began: the numbers first..last did not travel, `offset` is the pass; with the pass flag it is a full one.
        PASS_BEGIN(5),
        /// The pass `offset` is complete.
        PASS_END(6),
        /// A published recovery point, `offset` is its number.
        CUT(7),
        /// The point `offset` is not kept any more.
        DROP_POINT(8),
        /// The point `offset` is protected (`last` 1) or not (0) from everything but its user.
        PROTECT_POINT(9),
        /// A member leaves (`first` 1): points count it no more. Or it comes back (0), and counts from its next complete pass.
        LEAVE(10),
        /// What is said of the point `offset` from now on; the payload is its text.
        LABEL_POINT(11);

        private final byte code;

        Kind(int code) {
            this.code = (byte) code;
        }

        private static @Nullable Kind of(byte code) {
            for (Kind kind : values()) {
                if (kind.code == code) {
                    return kind;
                }
            }
            return null;
        }
    }

    static ByteBuffer buffer(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    /// Bytes on disk.
    int size() {
        return HEADER + payloadLength;
    }

    void encode(ByteBuffer into) {
        int at = into.position();
        into.putInt(MAGIC)
                .put(kind.code)
                .put((byte) (pass ? FLAG_PASS : 0))
                .putShort((short) slot)
                .putLong(lsn)
                .putLong(durable)
                .putLong(first)
                .putLong(last)
                .putLong(offset)
                .putInt(length)
                .putInt(payloadLength)
                .putInt(payloadCrc)
                .putInt(Checksum.of(into, at, HEADER - 4));
    }

    /// @return null when these bytes are not a record's header
    static @Nullable LogRecord decode(ByteBuffer header) {
        if (header.getInt(0) != MAGIC || header.getInt(60) != Checksum.of(header, 0, HEADER - 4)) {
            return null;
        }
        Kind kind = Kind.of(header.get(4));
        if (kind == null) {
            return null;
        }
        return new LogRecord(
                kind,
                (header.get(5) & FLAG_PASS) != 0,
                Short.toUnsignedInt(header.getShort(6)),
                header.getLong(8),
                header.getLong(16),
                header.getLong(24),
                header.getLong(32),
                header.getLong(40),
                header.getInt(48),
                header.getInt(52),
                header.getInt(56));
    }
}
