// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

/// Ranges of an overlay, in the eyes of its maps: where own content ends, and what a write makes own.
///
/// Whoever calls [#own] or counts on [#blocksWithoutRoom] holds the stripes of the range; the questions take no lock.
record OwnSectors(Ownership ownership) {
    boolean owns(long at) {
        int mask = ownership.mask(at / Ownership.BLOCK);
        return (mask >>> (at % Ownership.BLOCK / Ownership.SECTOR) & 1) != 0;
    }

    boolean ownsAll(long at, long length) {
        return owns(at) && endOfRun(at, at + length, true) == at + length;
    }

    /// Where the bytes stop coming from the same place, at most `end`.
    long endOfRun(long at, long end, boolean own) {
        long to = at;
        while (to < end) {
            int mask = ownership.mask(to / Ownership.BLOCK);
            if (mask == (own ? Ownership.ALL : 0)) {
                to = (to / Ownership.BLOCK + 1) * Ownership.BLOCK;
            } else if (owns(to) == own) {
                to = (to / Ownership.SECTOR + 1) * Ownership.SECTOR;
            } else {
                break;
            }
        }
        return Math.min(to, end);
    }

    /// Every sector that the range touches; never before their data is written.
    void own(long offset, long length) {
        long first = offset / Ownership.SECTOR;
        long last = (offset + length - 1) / Ownership.SECTOR;
        long perBlock = Ownership.BLOCK / Ownership.SECTOR;
        for (long block = first / perBlock; block <= last / perBlock; block++) {
            int from = (int) Math.max(0, first - block * perBlock);
            int to = (int) Math.min(perBlock - 1, last - block * perBlock);
            int mask = (Ownership.ALL >>> (7 - to)) & (Ownership.ALL << from);
            if ((ownership.mask(block) & mask) != mask) {
                ownership.add(block, mask);
            }
        }
    }

    long blocksWithoutRoom(long offset, long length) {
        long count = 0;
        long last = (offset + length - 1) / Ownership.BLOCK;
        for (long block = offset / Ownership.BLOCK; block <= last; block++) {
            if (ownership.mask(block) == 0) {
                count++;
            }
        }
        return count;
    }
}
