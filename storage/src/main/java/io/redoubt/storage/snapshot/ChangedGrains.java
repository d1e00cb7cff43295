// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.snapshot;

import io.redoubt.storage.block.ChangeMap;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/// The change map between two snapshots, or since one, as it was when it was asked for.
public final class ChangedGrains implements ChangeMap {
    private final BitSet grains;
    private final int grain;
    private final long size;

    /// @param length never 0
    public record Part(long offset, long length) {
        public long end() {
            return offset + length;
        }
    }

    private ChangedGrains(BitSet grains, int grain, long size) {
        this.grains = grains;
        this.grain = grain;
        this.size = size;
    }

    /// @param to 0 for now
    static ChangedGrains of(
            GrainIndex index, int grain, long from, long to, long sizeThen, long size) {
        var grains = new BitSet();
        index.changed(from, to == 0 ? Long.MAX_VALUE : to, grains);
        if (size > sizeThen) {
            grains.set((int) (sizeThen / grain), (int) ((size + grain - 1) / grain));
        }
        return new ChangedGrains(grains, grain, size);
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

    @Override
    public void changes(long offset, long length, Sink sink) {
        long end = offset + length;
        boolean more = true;
        for (long at = offset; at < end && more; ) {
            long until = Math.min(end, endOfRun(at));
            more = sink.run(until - at, changed(at));
            at = until;
        }
    }

    private long endOfRun(long offset) {
        int at = (int) (offset / grain);
        long end = grains.get(at) ? grains.nextClearBit(at) : grains.nextSetBit(at);
        return end < 0 ? Long.MAX_VALUE : end * grain;
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
