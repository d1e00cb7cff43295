// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.storage.block.RangeSink;
import io.redoubt.storage.journal.WritesBehind;
import java.util.Set;
import java.util.function.Consumer;

/// Where a protected volume may differ from its replica: what its spool has and was not acknowledged, and what its dirty map knows (I9).
public final class Differences {
    private final KnownDelta delta;
    private final SourceState state;
    private final Spool spool;
    private final DirtyMap dirty;

    Differences(KnownDelta delta, SourceState state, Spool spool, DirtyMap dirty) {
        this.delta = delta;
        this.state = state;
        this.spool = spool;
        this.dirty = dirty;
    }

    /// Before the first connection: the replica was begun with a volume that differs from this one in nothing but these ranges (rule 35).
    /// Durable when it returns; dying before leaves a source that knows nothing, whose first pass goes over everything.
    ///
    /// @param ranges tells them
    public void areOnly(Consumer<RangeSink> ranges) {
        int generation = Word.generation(state.word().get());
        ranges.accept((offset, length) -> {
            dirty.markChunks(offset, length);
            dirty.mark(generation, offset, length);
        });
        delta.know();
    }

    /// Whether [#areOnly] was said.
    public boolean areKnown() {
        return delta.known();
    }

    /// Tells them block by block in order. For a source that may not write any more.
    public void tell(RangeSink sink) {
        Set<Long> spooled = spooledBlocks();
        for (long block = 0; block < dirty.blocks(); block++) {
            if (spooled.contains(block) || isMarked(block, true)) {
                sink.range(block * DirtyMap.BLOCK, DirtyMap.BLOCK);
            }
        }
    }

    /// The writes above this number that the spool has. Whatever the dirty map knows beside them are blocks, not writes.
    public WritesBehind.Count spooledAbove(long vseq) {
        return spool.count(Math.max(vseq, state.freed()), Word.vseq(state.word().get()));
    }

    /// Blocks that may differ and are not in the spool.
    public long dirtyBlocks() {
        return dirty.count(0) + dirty.count(1);
    }

    /// Whether the map says that this block may differ: a leaf, or (when leaves do not count) its durable chunk.
    public boolean isMarked(long block, boolean leavesCount) {
        return leavesCount
                ? dirty.isMarked(0, block) || dirty.isMarked(1, block)
                : dirty.isDirty(dirty.chunk(block * DirtyMap.BLOCK));
    }

    /// The block numbers of every write that the receiver may not have and the spool has.
    public Set<Long> spooledBlocks() {
        return spool.blocks(state.freed(), Word.vseq(state.word().get()));
    }
}
