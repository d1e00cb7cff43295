// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.snapshot;

import java.util.concurrent.atomic.AtomicLongArray;

/// Which grains need no more saving for the newest snapshot: a bit for each, 2 MiB for 1 TiB. A clear bit means "look into the index".
final class SavedGrains {
    private final AtomicLongArray words;
    private final long count;

    SavedGrains(long count) {
        this.count = count;
        this.words = new AtomicLongArray(Math.toIntExact((count + 63) / 64));
    }

    /// Grains past this were not there when the snapshot was made.
    long count() {
        return count;
    }

    boolean get(long grain) {
        return grain >= count || (words.get((int) (grain >>> 6)) >>> grain & 1) != 0;
    }

    void set(long grain) {
        if (grain >= count) {
            return; // of a volume that has grown since: nothing is ever to be saved
        }
        int word = (int) (grain >>> 6);
        long bit = 1L << grain;
        long old = words.get(word);
        while (!words.compareAndSet(word, old, old | bit)) {
            old = words.get(word);
        }
    }

    boolean all(long first, long last) {
        for (long grain = first; grain <= last; grain++) {
            if (!get(grain)) {
                return false;
            }
        }
        return true;
    }
}
