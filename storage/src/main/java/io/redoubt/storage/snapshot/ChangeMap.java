// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.snapshot;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/// The parts of a volume that were written between two snapshots, or since one: outside of them both have the same bytes.
public final class ChangeMap {
    private final BitSet grains;
    private final int grain;
    private final long size;

    /// @param length never 0
    public record Part(long offset, long length) {}

    ChangeMap(BitSet grains, int grain, long size) {
        this.grains = grains;
        this.grain = grain;
        this.size = size;
    }

    /// @param to 0 for now
    static ChangeMap of(GrainIndex index, int grain, long from, long to, long sizeThen, long size) {
        var grains = new BitSet();
        index.changed(from, to == 0 ? Long.MAX_VALUE : to, grains);
        if (size > sizeThen) {
            grains.set((int) (sizeThen / grain), (int) ((size + grain - 1) / grain));
        }
        return new ChangeMap(grains, grain, size);
    }

    /// Bytes of the later of the two.
    public long size() {
        return size;
    }

    /// Bytes that may differ.
    public long bytes() {
        return parts().stream().mapToLong(Part::length).sum();
    }

    public boolean changed(long offset) {
        return grains.get((int) (offset / grain));
    }

    /// Where the bytes from this offset on stop being all changed, or all unchanged; at most [#size()].
    public long endOfRun(long offset) {
        int at = (int) (offset / grain);
        long end = grains.get(at) ? grains.nextClearBit(at) : grains.nextSetBit(at);
        return end < 0 ? size : Math.min(size, end * grain);
    }

    /// In rising order, each as long as it can be.
    public List<Part> parts() {
        var parts = new ArrayList<Part>();
        for (int from = grains.nextSetBit(0); from >= 0; ) {
            int to = grains.nextClearBit(from);
            long offset = (long) from * grain;
            parts.add(new Part(offset, Math.min(size, (long) to * grain) - offset));
            from = grains.nextSetBit(to);
        }
        return parts;
    }
}
