// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

/// The unit of the index: 4 KiB of a volume.
public final class Blocks {
    public static final int SIZE = 4096;
    private static final int SLOT_SHIFT = 48;

    private Blocks() {}

    /// Where a block stands in the index: the member's slot above, the block's number below.
    static long place(int slot, long block) {
        return (long) slot << SLOT_SHIFT | block;
    }

    static int slot(long place) {
        return (int) (place >>> SLOT_SHIFT);
    }

    static long block(long place) {
        return place & ((1L << SLOT_SHIFT) - 1);
    }

    public static long down(long offset) {
        return offset & -SIZE;
    }

    public static long up(long offset) {
        return (offset + SIZE - 1) & -SIZE;
    }
}
