// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e.verdict;

/// What a disaster cost, counted on the guest's own writes.
///
/// @param lastAck   the highest number that the lost machine had acknowledged
/// @param rowsFound rows that the recovered machine found
/// @param writes    acknowledged numbers that were not found; each was one row and one file
/// @param bytes     what these held: for each number the record that stands in its file
/// @param seconds   from the newest write that was found to the disaster; 0 when nothing was lost
public record Loss(long lastAck, long rowsFound, long writes, long bytes, double seconds) {
    /// A record is a checksum, the number, and 200 random bytes in hexadecimal, parted by spaces, with an end of line.
    private static final long RECORD_BYTES = 64 + 1 + 1 + 400 + 1;

    static Loss of(Transcript lost, Finding found, long disasterMillis) {
        long last = lost.lastAck();
        long first = Math.min(found.maxId(), last) + 1;
        long bytes = 0;
        for (long number = first; number <= last; number++) {
            bytes += RECORD_BYTES + Long.toString(number).length();
        }
        long writes = last - first + 1;
        double seconds =
                writes == 0
                        ? 0
                        : lost.seenAt(found.maxId())
                                .map(seen -> Math.max(0, disasterMillis - seen) / 1e3)
                                .orElse(Double.POSITIVE_INFINITY);
        return new Loss(last, found.rows(), writes, bytes, seconds);
    }
}
