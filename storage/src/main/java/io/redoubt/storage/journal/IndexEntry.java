// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

/// Where one version of one block is.
///
/// @param place    see [Blocks#place]
/// @param vseq     the number of the write that made it
/// @param segment  of the log or kept, see [Segments]; 0 for zeros whose record was not noted (journals of version 1)
/// @param position of its 4096 bytes in the segment; 0 for a block of zeros
/// @param crc      CRC32C of these bytes
/// @param damaged  the bytes were found bad: reading it is a fault
record IndexEntry(long place, long vseq, int segment, int position, int crc, boolean damaged)
        implements Comparable<IndexEntry> {
    static final int BYTES = 32;

    static IndexEntry zeros(long place, long vseq, int segment) {
        return new IndexEntry(place, vseq, segment, 0, 0, false);
    }

    /// Sorts before every entry of the same place with a higher number.
    static IndexEntry bound(long place, long vseq) {
        return zeros(place, vseq, 0);
    }

    boolean isZeros() {
        return position == 0;
    }

    /// Bytes that its record takes in a segment of its own.
    int recordBytes() {
        return isZeros()
                ? LogRecord.HEADER
                : LogRecord.HEADER + Appended.tableBytes(1) + Blocks.SIZE;
    }

    @Override
    public int compareTo(IndexEntry other) {
        int byPlace = Long.compare(place, other.place);
        return byPlace != 0 ? byPlace : Long.compare(vseq, other.vseq);
    }
}
