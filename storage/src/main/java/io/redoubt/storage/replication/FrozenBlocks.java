// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.block.StripeLocks;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// The blocks of a volume that its running pass has frozen: read for the pass, or kept for it when a write overtakes them (rule 12).
final class FrozenBlocks {
    private final BlockDevice device;
    private final DirtyMap dirty;
    private final StripeLocks stripes;

    FrozenBlocks(BlockDevice device, DirtyMap dirty, StripeLocks stripes) {
        this.device = device;
        this.dirty = dirty;
        this.stripes = stripes;
    }

    /// Keeps what a frozen block held when the pass began. Called under the block's stripe lock, after the draw: a pass that started in
    /// between is seen. A write below the pass's number belongs to what the pass sends.
    void preserve(@Nullable PassSlice running, long vseq, long offset, int length) {
        if (running == null || vseq <= running.vseq) {
            return;
        }
        long last = (offset + length - 1) / DirtyMap.BLOCK;
        for (long block = offset / DirtyMap.BLOCK; block <= last; block++) {
            if (dirty.isMarked(running.frozenGeneration, block) && !running.isSent(block)) {
                running.overtake(block, read(block, 1));
            }
        }
    }

    /// The next frozen block of the running pass that was neither sent nor overtaken, and up to `blocksMax` that follow it.
    PassSlice.@Nullable Block take(PassSlice slice, int blocksMax) {
        long first = slice.nextUnsent(dirty);
        if (first < 0) {
            return null;
        }
        long held = stripes.lock(first * DirtyMap.BLOCK, (long) blocksMax * DirtyMap.BLOCK);
        try {
            int count = 0;
            while (count < blocksMax
                    && first + count < dirty.blocks()
                    && dirty.isMarked(slice.frozenGeneration, first + count)
                    && !slice.isSent(first + count)) {
                count++;
            }
            if (count == 0) {
                return new PassSlice.Block(
                        first, ByteBuffer.allocate(0)); // overtaken between the look and the lock
            }
            ByteBuffer data = read(first, count);
            for (int i = 0; i < count; i++) {
                slice.sent(first + i);
            }
            return new PassSlice.Block(first, data);
        } finally {
            stripes.unlock(held);
        }
    }

    /// These blocks are durable at the receiver.
    void durable(PassSlice slice, long firstBlock, int count) {
        for (int i = 0; i < count; i++) {
            dirty.clear(slice.frozenGeneration, firstBlock + i);
        }
    }

    private ByteBuffer read(long block, int count) {
        long at = block * DirtyMap.BLOCK;
        ByteBuffer data =
                ByteBuffer.allocate(
                        (int) Math.min((long) count * DirtyMap.BLOCK, device.size() - at));
        device.read(at, data);
        return data.flip();
    }
}
