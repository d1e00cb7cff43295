// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.port.Disk;
import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.block.StripeLocks;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// The blocks of a volume that its running pass has frozen: read for the pass, or kept for it when a write overtakes them (rule 12).
final class FrozenBlocks {
    private static final int RESERVE_BLOCKS_MIN = 1024;

    private final BlockDevice device;
    private final DirtyMap dirty;
    private final StripeLocks stripes;
    private final Disk disk;
    private final long reserveBlocksMax;
    private PassReserve reserve = PassReserve.NONE;

    /// @param disk where the reserve is taken from while a pass runs
    FrozenBlocks(
            BlockDevice device, DirtyMap dirty, StripeLocks stripes, Disk disk, long reserveBytes) {
        this.device = device;
        this.dirty = dirty;
        this.stripes = stripes;
        this.disk = disk;
        this.reserveBlocksMax = reserveBytes / DirtyMap.BLOCK;
        PassReserve.discard(disk);
    }

    /// Takes the room that a pass may need, before the cut that begins it. What can be overtaken is what will be marked by then.
    void reserve(int generation) {
        release();
        long marked = 2 * dirty.count(generation) + RESERVE_BLOCKS_MIN;
        reserve =
                new PassReserve(disk, Math.min(reserveBlocksMax, Math.min(marked, dirty.blocks())));
    }

    /// The volume's part of a pass. Without a reserve, when the attempt at the cut has outlived its connection: then the pass is given up.
    PassSlice slice(long pass, int generation, long vseq, long gapFrom, boolean full) {
        return new PassSlice(
                pass, generation, vseq, gapFrom, full, dirty.blocks(), dirty.untrusted(), reserve);
    }

    /// The pass has come to its end.
    void complete(PassSlice slice) {
        dirty.compared(slice.untrusted());
    }

    /// The pass is over, and no write that knew of it is in execution.
    void release() {
        PassReserve held = reserve;
        reserve = PassReserve.NONE;
        held.close();
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
    ///
    /// @param compare ask first whether the replica holds what may be the same
    PassSlice.@Nullable Item take(PassSlice slice, int blocksMax, boolean compare) {
        long first = slice.nextUnsent(dirty);
        if (first < 0) {
            return null;
        }
        if (compare && slice.mayAsk(dirty, first)) {
            if (!slice.mayAskMore()) {
                return null;
            }
            PassSlice.Question question = question(slice, first);
            if (question != null) {
                slice.asked(dirty, first);
                return question;
            }
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

    /// Asks about a range of which every block is frozen and none was overtaken. A write that overtakes one from now on keeps it for the pass.
    private PassSlice.@Nullable Question question(PassSlice slice, long first) {
        int count = (int) Math.min(PassSlice.blocksInRange(dirty), dirty.blocks() - first);
        long held = stripes.lock(first * DirtyMap.BLOCK, (long) count * DirtyMap.BLOCK);
        try {
            for (long block = first; block < first + count; block++) {
                if (!dirty.isMarked(slice.frozenGeneration, block) || slice.isSent(block)) {
                    return null;
                }
            }
            ByteBuffer data = read(first, count);
            return new PassSlice.Question(first, data.remaining(), Fingerprint.of(data));
        } finally {
            stripes.unlock(held);
        }
    }

    /// The receiver has compared a range: what is the same need not travel.
    void answered(PassSlice slice, long first, boolean same) {
        if (slice.answered(dirty, first, same) && same) {
            durable(
                    slice,
                    first,
                    (int) Math.min(PassSlice.blocksInRange(dirty), dirty.blocks() - first));
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
