// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.pool;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/// Which grains of a file are known to have their room. Pages come as they are needed; reading waits for nobody.
final class Grains {
    private static final int PAGE_BITS = 1 << 15;

    private volatile @Nullable AtomicLongArray[] pages = new AtomicLongArray[0];

    boolean has(long grain) {
        @Nullable AtomicLongArray[] now = pages;
        int index = (int) (grain / PAGE_BITS);
        AtomicLongArray page = index < now.length ? now[index] : null;
        return page != null && (page.get(word(grain)) >>> grain & 1) != 0;
    }

    void set(long from, long until) {
        for (long grain = from; grain < until; grain++) {
            long bit = 1L << grain;
            page(grain).getAndUpdate(word(grain), word -> word | bit);
        }
    }

    void clear(long from, long until) {
        for (long grain = from; grain < until; grain++) {
            if (has(grain)) {
                long bit = 1L << grain;
                page(grain).getAndUpdate(word(grain), word -> word & ~bit);
            }
        }
    }

    private static int word(long grain) {
        return (int) (grain % PAGE_BITS / Long.SIZE);
    }

    private synchronized AtomicLongArray page(long grain) {
        int index = (int) (grain / PAGE_BITS);
        @Nullable AtomicLongArray[] now = pages;
        if (index >= now.length) {
            now = Arrays.copyOf(now, index + 1);
        }
        AtomicLongArray page = now[index];
        if (page == null) {
            page = new AtomicLongArray(PAGE_BITS / Long.SIZE);
            now = now.clone();
            now[index] = page;
            pages = now;
        }
        return page;
    }
}
