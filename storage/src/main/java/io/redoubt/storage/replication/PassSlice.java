// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import java.nio.ByteBuffer;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/// One volume's part in a running pass (rule 12): the frozen blocks, which of them were sent, and those that a write overtook.
///
/// @see SourceVolume
final class PassSlice {
    final long pass;
    final int frozenGeneration;
    final long vseq;
    final long gapFrom;
    final boolean full;
    private final AtomicLongArray sent;
    private final Queue<Block> overtaken = new ConcurrentLinkedQueue<>();
    private final AtomicLong overtakenBytes = new AtomicLong();
    private final long bufferBytes;
    private volatile boolean spoiled;
    private long cursor;

    /// A frozen block as it was when the pass began.
    record Block(long number, ByteBuffer data) {}

    PassSlice(
            long pass,
            int frozenGeneration,
            long vseq,
            long gapFrom,
            boolean full,
            long blocks,
            long bufferBytes) {
        this.pass = pass;
        this.frozenGeneration = frozenGeneration;
        this.vseq = vseq;
        this.gapFrom = gapFrom;
        this.full = full;
        this.sent = new AtomicLongArray((int) ((blocks + 63) / 64));
        this.bufferBytes = bufferBytes;
    }

    boolean isSent(long block) {
        return (sent.get((int) (block >>> 6)) & 1L << block) != 0;
    }

    void sent(long block) {
        sent.getAndAccumulate((int) (block >>> 6), 1L << block, (a, b) -> a | b);
    }

    /// Keeps the old content of a block that is about to be overwritten.
    void overtake(long block, ByteBuffer old) {
        if (overtakenBytes.addAndGet(old.remaining()) > bufferBytes) {
            spoil();
            return;
        }
        overtaken.add(new Block(block, old));
        sent(block);
    }

    @Nullable Block pollOvertaken() {
        Block block = overtaken.poll();
        if (block != null) {
            overtakenBytes.addAndGet(-block.data.remaining());
        }
        return block;
    }

    /// This pass can give no point.
    void spoil() {
        spoiled = true;
    }

    /// The reserve ran out, or what it reads cannot be trusted.
    boolean spoiled() {
        return spoiled;
    }

    /// The next frozen block that was not sent; -1 when all were.
    long nextUnsent(DirtyMap dirty) {
        while (true) {
            long block = dirty.next(frozenGeneration, cursor);
            if (block < 0 || !isSent(block)) {
                return block;
            }
            cursor = block + 1;
        }
    }
}
