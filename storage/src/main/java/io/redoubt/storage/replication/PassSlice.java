// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/// One volume's part in a running pass (rule 12): the frozen blocks, which of them were sent, and those that a write overtook.
///
/// @see SourceVolume
final class PassSlice {
    private static final int RANGE_BLOCKS_MAX = 64;
    private static final int QUESTIONS_MAX = 16;

    final long pass;
    final int frozenGeneration;
    final long vseq;
    final long gapFrom;
    final boolean full;
    private final AtomicLongArray sent;
    private final Queue<Kept> overtaken = new ConcurrentLinkedQueue<>();
    private final PassReserve reserve;
    private volatile boolean spoiled;
    private volatile boolean shortOfRoom;
    private long cursor;
    private final BitSet untrusted;
    private final BitSet asked = new BitSet();
    private final BitSet different = new BitSet();

    /// What a pass has to say next.
    sealed interface Item {}

    /// Frozen blocks as they were when the pass began.
    record Block(long number, ByteBuffer data) implements Item {}

    /// Does the replica hold these?
    record Question(long number, int bytes, Fingerprint of) implements Item {}

    private record Kept(long block, int place, int length) {}

    PassSlice(
            long pass,
            int frozenGeneration,
            long vseq,
            long gapFrom,
            boolean full,
            long blocks,
            BitSet untrusted,
            PassReserve reserve) {
        this.pass = pass;
        this.frozenGeneration = frozenGeneration;
        this.vseq = vseq;
        this.gapFrom = gapFrom;
        this.full = full;
        this.sent = new AtomicLongArray((int) ((blocks + 63) / 64));
        this.untrusted = untrusted;
        this.reserve = reserve;
    }

    boolean isSent(long block) {
        return (sent.get((int) (block >>> 6)) & 1L << block) != 0;
    }

    void sent(long block) {
        sent.getAndAccumulate((int) (block >>> 6), 1L << block, (a, b) -> a | b);
    }

    /// Keeps the old content of a block that is about to be overwritten. Without room the block is left to the next pass: it stays marked
    /// as frozen, and the write that overtakes it has marked it, too.
    void overtake(long block, ByteBuffer old) {
        int length = old.remaining();
        int place = reserve.keep(old);
        if (place < 0) {
            shortOfRoom = true;
        } else {
            overtaken.add(new Kept(block, place, length));
        }
        sent(block);
    }

    @Nullable Block pollOvertaken() {
        Kept kept = overtaken.poll();
        return kept == null ? null : new Block(kept.block, reserve.take(kept.place, kept.length));
    }

    /// What the pass reads cannot be trusted: it is over.
    void spoil() {
        spoiled = true;
    }

    boolean spoiled() {
        return spoiled;
    }

    /// A block was left out: the pass goes on with the others and gives no point.
    boolean isShortOfRoom() {
        return shortOfRoom;
    }

    /// The next frozen block that was not sent and that no answer is awaited for; -1 when there is none.
    long nextUnsent(DirtyMap dirty) {
        while (true) {
            long block = dirty.next(frozenGeneration, cursor);
            if (block < 0 || !(isSent(block) || asked.get(range(dirty, block)))) {
                return block;
            }
            cursor = block + 1;
        }
    }

    /// Whether comparing comes before sending here.
    boolean mayAsk(DirtyMap dirty, long block) {
        int range = range(dirty, block);
        return block == firstOf(dirty, range)
                && !different.get(range)
                && untrusted.get(dirty.chunk(block * DirtyMap.BLOCK));
    }

    boolean mayAskMore() {
        return asked.cardinality() < QUESTIONS_MAX;
    }

    void asked(DirtyMap dirty, long block) {
        asked.set(range(dirty, block));
    }

    /// @return false when nobody asked
    boolean answered(DirtyMap dirty, long block, boolean same) {
        int range = range(dirty, block);
        if (!asked.get(range)) {
            return false;
        }
        asked.clear(range);
        if (!same) {
            different.set(range);
            cursor = Math.min(cursor, firstOf(dirty, range));
        }
        return true;
    }

    boolean awaitsAnswers() {
        return !asked.isEmpty();
    }

    BitSet untrusted() {
        return untrusted;
    }

    static int blocksInRange(DirtyMap dirty) {
        return Math.min(RANGE_BLOCKS_MAX, dirty.blocksPerChunk());
    }

    private static int range(DirtyMap dirty, long block) {
        return (int) (block / blocksInRange(dirty));
    }

    private static long firstOf(DirtyMap dirty, int range) {
        return (long) range * blocksInRange(dirty);
    }
}
