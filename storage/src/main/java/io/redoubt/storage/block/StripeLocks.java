// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import java.util.concurrent.locks.ReentrantLock;

/// Locks of 64 KiB stripes of a volume, shared by hash among a fixed number of locks, taken in the order of the locks.
public final class StripeLocks {
    private static final int SHIFT = 16;
    private static final int COUNT = 64; // the held set of a thread fits in one long

    private final ReentrantLock[] locks = new ReentrantLock[COUNT];

    public StripeLocks() {
        for (int i = 0; i < COUNT; i++) {
            locks[i] = new ReentrantLock();
        }
    }

    /// Takes the locks of every stripe of a range that is not empty.
    ///
    /// @return what [#unlock] wants
    public long lock(long offset, long length) {
        long held = of(offset, length);
        for (long left = held; left != 0; left &= left - 1) {
            locks[Long.numberOfTrailingZeros(left)].lock();
        }
        return held;
    }

    /// The locks that a range needs, a bit for each.
    public static long of(long offset, long length) {
        long first = offset >>> SHIFT;
        long last = (offset + length - 1) >>> SHIFT;
        if (last - first >= COUNT - 1) {
            return -1L;
        }
        long needed = 0;
        for (long stripe = first; stripe <= last; stripe++) {
            needed |= 1L << (stripe % COUNT);
        }
        return needed;
    }

    public void unlock(long held) {
        for (long left = held; left != 0; left &= left - 1) {
            locks[Long.numberOfTrailingZeros(left)].unlock();
        }
    }
}
