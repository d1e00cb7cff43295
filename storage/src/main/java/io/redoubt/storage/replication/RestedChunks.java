// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.storage.block.StripeLocks;
import java.util.BitSet;

/// Clears the durable bits of chunks that nobody has written for a while, so that a power loss costs a compare of what was hot, not of
/// everything that was ever written (rule 9). Never to make room.
///
/// A chunk is clean once its writes are flushed here and durable at the receiver, no block of it is marked, no write is on its way in it,
/// and none came since the flush. So in this order: note the chunks' last numbers; wait until every write that drew one has ended; flush;
/// then, with all stripes locked, look again and clear what has not changed. A crash at any moment leaves bits that say too much.
///
/// One caller at a time.
final class RestedChunks {
    private static final int CHUNKS_A_LOOK_MAX = 8192;

    private final DirtyMap dirty;
    private final StripeLocks stripes;
    private final SourceState state;
    private final Numbering numbering;
    private final int looksAtRest;
    private final long firstVseq;
    private final long[] seen;
    private final byte[] looks;

    /// @param looksAtRest how often a chunk must be seen unchanged
    RestedChunks(
            DirtyMap dirty,
            StripeLocks stripes,
            SourceState state,
            Numbering numbering,
            int looksAtRest) {
        this.dirty = dirty;
        this.stripes = stripes;
        this.state = state;
        this.numbering = numbering;
        this.looksAtRest = looksAtRest;
        // What the processes before this one wrote has a number up to here.
        this.firstVseq = Word.vseq(state.word().get());
        this.seen = new long[dirty.chunkCount()];
        this.looks = new byte[dirty.chunkCount()];
    }

    /// One look at the chunks; to be called every minute.
    ///
    /// @param flush makes durable here whatever was written before the call
    /// @return how many chunks it found clean
    int look(Runnable flush) {
        BitSet rested = rested();
        if (rested.isEmpty() || numbering.mode() != Mode.STREAM) {
            return 0;
        }
        stripes.unlock(stripes.lock(0, Long.MAX_VALUE / 2));
        flush.run();
        long held = stripes.lock(0, Long.MAX_VALUE / 2);
        try {
            // Whoever leaves STREAM from now on finds the backlog above `freed`, and so not here.
            if (numbering.mode() != Mode.STREAM) {
                return 0;
            }
            long durable = state.freed();
            for (int chunk = rested.nextSetBit(0);
                    chunk >= 0;
                    chunk = rested.nextSetBit(chunk + 1)) {
                boolean clean =
                        dirty.lastWrite(chunk) == seen[chunk]
                                && Math.max(firstVseq, seen[chunk]) <= durable
                                && !dirty.anyMarked(chunk);
                rested.set(chunk, clean);
            }
            dirty.cleanChunks(rested);
            return rested.cardinality();
        } finally {
            stripes.unlock(held);
        }
    }

    /// Dirty chunks whose last number has been the same for a while.
    private BitSet rested() {
        var rested = new BitSet();
        int found = 0;
        for (int chunk = 0; chunk < seen.length; chunk++) {
            long last = dirty.lastWrite(chunk);
            if (last != seen[chunk]) {
                seen[chunk] = last;
                looks[chunk] = 0;
            } else if (looks[chunk] < looksAtRest) {
                looks[chunk]++;
            } else if (found < CHUNKS_A_LOOK_MAX && dirty.isDirty(chunk)) {
                rested.set(chunk);
                found++;
            }
        }
        return rested;
    }
}
