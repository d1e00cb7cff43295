// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.storage.block.StripeLocks;
import org.jspecify.annotations.Nullable;

/// What a volume does in the cuts and passes of its group: closes and opens, freezes what is dirty, and gives it out (rules 11, 12 and 16).
final class PassPart {
    private final Numbering numbering;
    private final FrozenBlocks frozen;
    private final SourceState state;
    private final Spool spool;
    private final DirtyMap dirty;
    private final StripeLocks stripes;

    PassPart(
            Numbering numbering,
            FrozenBlocks frozen,
            SourceState state,
            Spool spool,
            DirtyMap dirty,
            StripeLocks stripes) {
        this.numbering = numbering;
        this.frozen = frozen;
        this.state = state;
        this.spool = spool;
        this.dirty = dirty;
        this.stripes = stripes;
    }

    /// The one that runs.
    @Nullable PassSlice running() {
        return numbering.pass();
    }

    /// SWITCH(n) of a group cut, see [Numbering#switchTo].
    ///
    /// @param startPass a pass begins at this cut: the dirty set is frozen, the spool is used again, and the cut draws a number
    long switchTo(long cut, boolean startPass, boolean full) {
        int generation = generation();
        return numbering.switchTo(
                cut,
                startPass
                        ? vseq -> frozen.slice(cut, generation, vseq, state.gapFrom(), full)
                        : null);
    }

    /// RELEASE(n), see [Numbering#release].
    boolean release(long cut, long answered) {
        return numbering.release(cut, answered);
    }

    /// Takes room for a pass that is about to begin; [#complete] and [#abort] give it back.
    void prepare() {
        frozen.reserve(generation());
    }

    /// The next frozen blocks of the running pass, see [FrozenBlocks#take].
    PassSlice.@Nullable Item take(PassSlice slice, int blocksMax, boolean compare) {
        return frozen.take(slice, blocksMax, compare);
    }

    /// The receiver has compared a range of the pass.
    void compared(PassSlice slice, long firstBlock, boolean same) {
        frozen.answered(slice, firstBlock, same);
    }

    /// These blocks of the pass are durable at the receiver.
    void durable(PassSlice slice, long firstBlock, int count) {
        frozen.durable(slice, firstBlock, count);
    }

    void complete() {
        PassSlice slice = numbering.pass();
        numbering.passComplete();
        if (slice != null) {
            frozen.complete(slice);
        }
        drain(); // a write that saw the pass may still look into its reserve
        frozen.release();
    }

    void abort(String why) {
        if (numbering.passAborted(why)) {
            discardSpool();
        }
        frozen.release();
    }

    /// The replica cannot go on from the spool: everything that may differ goes by a pass.
    ///
    /// @param everything the replica holds nothing that can be trusted
    void need(String why, boolean everything) {
        abort(why);
        numbering.forceTrack(why);
        if (everything) {
            dirty.markAll(generation());
        }
        discardSpool();
    }

    private int generation() {
        return Word.generation(state.word().get());
    }

    /// Waits until no write is between draw and completion, marks what the spool still has, and empties it.
    private void discardSpool() {
        long held = stripes.lock(0, Long.MAX_VALUE / 2);
        try {
            SourceRecovery.markBacklog(state, spool, dirty);
            state.gapFrom(0);
            spool.discard();
        } finally {
            stripes.unlock(held);
        }
    }

    /// See [SourceVolume#drain].
    void drain() {
        stripes.unlock(stripes.lock(0, Long.MAX_VALUE / 2));
    }
}
