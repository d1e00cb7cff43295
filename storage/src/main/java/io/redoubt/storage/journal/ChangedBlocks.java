// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.storage.block.RangeSink;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/// The blocks of one member that have a version above a number, in order, from memory and runs.
///
/// A look holds the tables for a bounded number of entries and then begins anew at its place, so neither a sweep nor a reader waits for it.
/// Memory holds a page of each run.
final class ChangedBlocks {
    private static final int ENTRIES_AT_ONCE = 1 << 14;

    private final Index index;
    private final BlockReader reader;
    private final int slot;
    private final long since;
    private final RangeSink sink;
    private long next;
    private long from;
    private long to;
    private long blocks;

    /// @param sink told ranges that do not touch, in order
    ChangedBlocks(Index index, BlockReader reader, int slot, long since, RangeSink sink) {
        this.index = index;
        this.reader = reader;
        this.slot = slot;
        this.since = since;
        this.sink = sink;
        this.next = Blocks.place(slot, 0);
    }

    /// @return bytes of all ranges
    long tell() {
        while (look()) {}
        end();
        return blocks * Blocks.SIZE;
    }

    private boolean look() {
        reader.reading().lock();
        try {
            // Memory first: what becomes a run in between is then seen twice, and not never.
            Iterator<IndexEntry> memory =
                    index.memory().tailSet(IndexEntry.bound(next, 0)).iterator();
            var merged = new MergedRuns(index.runs(), next, 0);
            IndexEntry run = merged.next();
            IndexEntry fresh = memory.hasNext() ? memory.next() : null;
            for (int left = ENTRIES_AT_ONCE; left > 0 || place(run, fresh) == next; left--) {
                long place = place(run, fresh);
                if (Blocks.slot(place) != slot || place == Long.MAX_VALUE) {
                    return false;
                }
                next = place;
                if (run != null && run.place() == place) {
                    changed(run);
                    run = merged.next();
                } else if (fresh != null) {
                    changed(fresh);
                    fresh = memory.hasNext() ? memory.next() : null;
                }
            }
            next = place(run, fresh);
            return Blocks.slot(next) == slot;
        } finally {
            reader.reading().unlock();
        }
    }

    private static long place(@Nullable IndexEntry one, @Nullable IndexEntry other) {
        return Math.min(
                one == null ? Long.MAX_VALUE : one.place(),
                other == null ? Long.MAX_VALUE : other.place());
    }

    private void changed(IndexEntry entry) {
        long block = Blocks.block(entry.place());
        if (entry.vseq() <= since || (to > from && block < to)) {
            return;
        }
        if (block != to) {
            end();
            from = block;
        }
        to = block + 1;
        blocks++;
    }

    private void end() {
        if (to > from) {
            sink.range(from * Blocks.SIZE, (to - from) * Blocks.SIZE);
        }
        from = to;
    }
}
