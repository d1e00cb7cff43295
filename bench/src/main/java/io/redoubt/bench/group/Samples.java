// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench.group;

import java.util.Arrays;

/// Durations as they come, of one thread.
final class Samples {
    private long[] nanos = new long[1 << 12];
    private int count;

    void add(long each) {
        if (count == nanos.length) {
            nanos = Arrays.copyOf(nanos, count * 2);
        }
        nanos[count++] = each;
    }

    void addAll(Samples others) {
        for (int i = 0; i < others.count; i++) {
            add(others.nanos[i]);
        }
    }

    Percentiles percentiles() {
        return Percentiles.of(nanos, count);
    }
}
