// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/// A record together with its payload, as it was appended or read again.
///
/// @param at      where the payload starts in its segment
/// @param damaged the payload's checksum was wrong when it was read again
record Appended(LogRecord record, ByteBuffer payload, int at, boolean damaged) {
    /// Bytes of the table of checksums in front of the blocks, rounded up to 8.
    static int tableBytes(int blocks) {
        return (blocks * 4 + 7) & -8;
    }

    /// What the index learns from it.
    List<IndexEntry> entries(int segment) {
        var entries = new ArrayList<IndexEntry>();
        if (record.kind() == LogRecord.Kind.WRITE) {
            int blocks = record.length() / Blocks.SIZE;
            int table = tableBytes(blocks);
            for (int i = 0; i < blocks; i++) {
                int crc = payload.getInt(i * 4);
                boolean bad =
                        damaged
                                && crc
                                        != Checksum.of(
                                                payload, table + i * Blocks.SIZE, Blocks.SIZE);
                entries.add(
                        new IndexEntry(
                                place(i),
                                record.last(),
                                segment,
                                at + table + i * Blocks.SIZE,
                                crc,
                                bad));
            }
        } else if (record.kind() == LogRecord.Kind.ZERO) {
            long blocks = Integer.toUnsignedLong(record.length()) / Blocks.SIZE;
            for (long i = 0; i < blocks; i++) {
                entries.add(IndexEntry.zeros(place(i), record.last(), segment));
            }
        }
        return entries;
    }

    private long place(long i) {
        return Blocks.place(record.slot(), record.offset() / Blocks.SIZE + i);
    }
}
