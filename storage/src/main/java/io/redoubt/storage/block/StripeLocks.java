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
        long first = offset >>> SHIFT;
        long last = (offset + length - 1) >>> SHIFT;
        long held = 0;
        if (last - first >= COUNT - 1) {
            held = -1L;
        } else {
            for (long stripe = first; stripe <= last; stripe++) {
                held |= 1L << (stripe % COUNT);
            }
        }
        for (long left = held; left != 0; left &= left - 1) {
            locks[Long.numberOfTrailingZeros(left)].lock();
        }
        return held;
    }

    public void unlock(long held) {
        for (long left = held; left != 0; left &= left - 1) {
            locks[Long.numberOfTrailingZeros(left)].unlock();
        }
    }
}
