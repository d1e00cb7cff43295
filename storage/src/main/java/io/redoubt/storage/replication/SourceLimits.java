// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

/// The sizes that bound a source.
///
/// @param spoolBytes        quota of a volume's spool; when it is full the volume goes to TRACK
/// @param spoolSegmentBytes one recycled, mapped piece of it
/// @param recordBytes       the most that one record carries; longer writes become several
/// @param chunkBytes        what one durable dirty bit covers
/// @param looksAtRest       after so many looks (one a minute) without a write a chunk may be called clean
/// @param passReserveBytes  the most that a pass takes of the disk for blocks that are written before it has sent them
public record SourceLimits(
        long spoolBytes,
        int spoolSegmentBytes,
        int recordBytes,
        int chunkBytes,
        int looksAtRest,
        long passReserveBytes) {
    public static final SourceLimits DEFAULT =
            new SourceLimits(256L << 20, 8 << 20, 1 << 20, 4 << 20, 3, 256L << 20);

    public SourceLimits {
        if (spoolSegmentBytes < recordBytes + (16 << 10) || spoolBytes < 2L * spoolSegmentBytes) {
            throw new IllegalArgumentException(
                    "a spool of %d bytes in segments of %d cannot hold records of %d"
                            .formatted(spoolBytes, spoolSegmentBytes, recordBytes));
        }
        if (recordBytes % 4096 != 0 || chunkBytes % 65536 != 0) {
            throw new IllegalArgumentException(
                    "records are whole 4 KiB blocks and chunks whole 64 KiB stripes");
        }
    }
}
