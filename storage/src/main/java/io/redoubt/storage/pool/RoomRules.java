// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.pool;

/// The numbers of a datastore's book-keeping.
///
/// @param grain     bytes by which a thin volume grows; a power of two, at least 4096
/// @param slice     the most that changes hands in one step: what a stranger on a full file system could get hold of
/// @param spare     room beside the datastore's size for maps, checksums and small files, to which 1/256 of the size is added:
///                  two maps of an overlay are 1/2048 of a volume, checksums 1/1024
/// @param perVolume of the spare room, for a volume's directory and small files
public record RoomRules(int grain, long slice, long spare, int perVolume) {
    public static final RoomRules DEFAULT = new RoomRules(64 << 10, 64L << 20, 16L << 20, 64 << 10);

    private static final int SPARE_SHARE = 256;

    public RoomRules {
        if (Integer.bitCount(grain) != 1 || grain < 4096 || slice < grain || slice % grain != 0) {
            throw new IllegalArgumentException(
                    "grain %d and slice %d do not fit".formatted(grain, slice));
        }
    }

    long spareOf(long size) {
        return spare + size / SPARE_SHARE;
    }

    /// Files below it are part of [#perVolume].
    long small() {
        return grain / 4;
    }

    long grainsDown(long bytes) {
        return bytes - bytes % grain;
    }

    long grainsUp(long bytes) {
        return grainsDown(bytes + grain - 1);
    }
}
