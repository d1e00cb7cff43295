// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import java.util.concurrent.atomic.AtomicLongArray;

/// Where a guest read what was not copied yet, lately: a ring that forgets the oldest, and may lose one under a race.
final class Misses {
    private static final int KEPT = 64;
    private static final long NONE = -1;

    private final AtomicLongArray offsets = new AtomicLongArray(KEPT);
    private volatile int next; // racy on purpose: a lost hint costs a little time, never a byte

    Misses() {
        for (int i = 0; i < KEPT; i++) {
            offsets.setPlain(i, NONE);
        }
    }

    void note(long offset) {
        int at = next;
        offsets.set(at, offset);
        next = (at + 1) % KEPT;
    }

    /// Takes one of them out. @return negative for none
    long poll() {
        for (int i = 0; i < KEPT; i++) {
            long offset = offsets.get(i);
            if (offset != NONE && offsets.compareAndSet(i, offset, NONE)) {
                return offset;
            }
        }
        return NONE;
    }
}
