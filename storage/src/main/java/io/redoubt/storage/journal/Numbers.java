// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import java.util.Arrays;
import java.util.List;

/// A number of a write for each member, by slot; 0 for members beyond its end.
final class Numbers {
    static final Numbers NONE = new Numbers(new long[0]);

    private final long[] bySlot;

    private Numbers(long[] bySlot) {
        this.bySlot = bySlot;
    }

    static Numbers of(long... bySlot) {
        return new Numbers(bySlot.clone());
    }

    long at(int slot) {
        return slot < bySlot.length ? bySlot[slot] : 0;
    }

    int size() {
        return bySlot.length;
    }

    List<Long> list() {
        return Arrays.stream(bySlot).boxed().toList();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Numbers numbers && Arrays.equals(bySlot, numbers.bySlot);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bySlot);
    }

    @Override
    public String toString() {
        return Arrays.toString(bySlot);
    }
}
