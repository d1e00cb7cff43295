// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

/// How long a peer has been making us wait, for the watching thread to read.
final class Patience {
    private static final long IDLE = 0;

    private volatile long since = IDLE;

    void begin() {
        since = System.nanoTime() | 1; // never the value that means idle
    }

    void end() {
        since = IDLE;
    }

    /// How long it has lasted; negative while nobody waits.
    long nanos(long now) {
        long begun = since;
        return begun == IDLE ? -1 : Math.max(0, now - begun);
    }

    boolean isOver(long now, long nanosMax) {
        long begun = since;
        return begun != IDLE && now - begun > nanosMax;
    }
}
