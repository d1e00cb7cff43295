// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.concurrent.atomic.AtomicLongArray;

/// Which blocks may differ from the replica (rule 9).
///
/// A durable bit for each chunk, set and synced before the first write to a clean chunk draws its number; set ahead for the chunks
/// around, so that warm-up costs few syncs. A leaf bit for each 4 KiB block, mapped and not synced, in two generations: one is being
/// marked, the other is what a running pass has frozen. Leaves are trusted in the boot that wrote them; in another boot every block of
/// a dirty chunk counts as dirty. Whoever makes it syncs the directory before the first mark. [RestedChunks] clears chunk bits.
final class DirtyMap implements AutoCloseable {
    static final int BLOCK = 4096;
    private static final VarHandle LONG = ValueLayout.JAVA_LONG.varHandle();
    private static final String CHUNKS = "dirty-chunks";
    private static final String LEAVES = "dirty-leaves";
    private static final int AHEAD = 64;

    private final long blocks;
    private final int blocksPerChunk;
    private final DiskFile chunkFile;
    private final DiskFile leafFile;
    private final MemorySegment leaves;
    private final AtomicLongArray chunks;
    private final BitSet untrusted = new BitSet(); // guarded by itself
    private final AtomicLongArray lastWrites;
    private final int chunkCount;
    private final long generationBytes;

    DirtyMap(Disk disk, long volumeBytes, SourceLimits limits, boolean sameBoot, int generation) {
        this.blocks = (volumeBytes + BLOCK - 1) / BLOCK;
        this.blocksPerChunk = limits.chunkBytes() / BLOCK;
        this.chunkCount = (int) ((blocks + blocksPerChunk - 1) / blocksPerChunk);
        this.generationBytes = (blocks + 63) / 64 * 8;
        this.chunks = new AtomicLongArray((chunkCount + 63) / 64);
        this.lastWrites = new AtomicLongArray(chunkCount);
        this.chunkFile = disk.exists(CHUNKS) ? disk.open(CHUNKS) : disk.create(CHUNKS);
        this.leafFile = disk.exists(LEAVES) ? disk.open(LEAVES) : disk.create(LEAVES);
        this.leaves = leafFile.map(2 * generationBytes);
        // What a process before this one wrote may not be durable yet, and from here on it counts
        // as if it were.
        chunkFile.sync();
        loadChunks();
        if (!sameBoot) {
            leaves.fill((byte) 0);
            markDirtyChunks(generation);
        }
    }

    private void loadChunks() {
        ByteBuffer bytes = ByteBuffer.allocate(chunks.length() * 8);
        chunkFile.read(0, bytes);
        for (int i = 0; i < chunks.length(); i++) {
            chunks.set(i, bytes.getLong(i * 8));
        }
    }

    /// Returns when the chunks of the range are durably dirty. Usually they are.
    void markChunks(long offset, long length) {
        int first = chunk(offset);
        int last = chunk(offset + length - 1);
        for (int chunk = first; chunk <= last; chunk++) {
            if (!isDirty(chunk)) {
                dirty(first, last);
                return;
            }
        }
    }

    private synchronized void dirty(int first, int last) {
        int from = Math.max(0, first - first % AHEAD);
        int to = Math.min(chunkCount - 1, last + AHEAD - 1 - last % AHEAD);
        ByteBuffer bytes = ByteBuffer.allocate((to / 64 - from / 64 + 1) * 8);
        for (int i = from / 64; i <= to / 64; i++) {
            bytes.putLong(chunks.get(i) | bits(i, from, to));
        }
        chunkFile.write(from / 64 * 8L, bytes.flip());
        chunkFile.sync();
        for (int i = from / 64; i <= to / 64; i++) {
            chunks.set(i, chunks.get(i) | bits(i, from, to));
        }
    }

    /// Notes the number of a write. Its stripes are locked.
    void wrote(long offset, long length, long vseq) {
        for (int chunk = chunk(offset); chunk <= chunk(offset + length - 1); chunk++) {
            lastWrites.accumulateAndGet(chunk, vseq, Math::max);
        }
    }

    /// The highest number of a write to a chunk since this map was opened, 0 for none.
    long lastWrite(int chunk) {
        return lastWrites.get(chunk);
    }

    /// Declares chunks clean. Not synced: a bit that comes back after a power loss says too much, never too little.
    synchronized void cleanChunks(BitSet clean) {
        for (int chunk = clean.nextSetBit(0); chunk >= 0; chunk = clean.nextSetBit(chunk + 1)) {
            int word = chunk >>> 6;
            chunks.set(word, chunks.get(word) & ~(1L << chunk));
            ByteBuffer bytes = ByteBuffer.allocate(8).putLong(chunks.get(word)).flip();
            chunkFile.write(word * 8L, bytes);
        }
    }

    /// Whether any block of a chunk is marked, in either generation.
    boolean anyMarked(int chunk) {
        long from = (long) chunk * blocksPerChunk;
        long end = Math.min(blocks, from + blocksPerChunk);
        for (int generation = 0; generation < 2; generation++) {
            if (next(generation, from, end) >= 0) {
                return true;
            }
        }
        return false;
    }

    private static long bits(int wordIndex, int from, int to) {
        long bits = 0;
        for (int chunk = Math.max(from, wordIndex * 64);
                chunk <= Math.min(to, wordIndex * 64 + 63);
                chunk++) {
            bits |= 1L << chunk;
        }
        return bits;
    }

    boolean isDirty(int chunk) {
        return (chunks.get(chunk >>> 6) & 1L << chunk) != 0;
    }

    int chunk(long offset) {
        return (int) (offset / BLOCK / blocksPerChunk);
    }

    int chunkCount() {
        return chunkCount;
    }

    /// Marks every block that the range touches.
    void mark(int generation, long offset, long length) {
        long last = (offset + length - 1) / BLOCK;
        for (long block = offset / BLOCK; block <= last; block++) {
            or(generation, block >>> 6, 1L << block);
        }
    }

    /// Marks every block of every dirty chunk: what can be said when leaves cannot be trusted. Most of them will be the same.
    void markDirtyChunks(int generation) {
        for (int chunk = 0; chunk < chunkCount; chunk++) {
            if (isDirty(chunk)) {
                distrust(chunk, chunk + 1);
                long from = (long) chunk * blocksPerChunk * BLOCK;
                mark(
                        generation,
                        from,
                        Math.min((long) blocksPerChunk, blocks - from / BLOCK) * BLOCK);
            }
        }
    }

    void markAll(int generation) {
        mark(generation, 0, blocks * BLOCK);
        distrust(0, chunkCount);
    }

    private void distrust(int from, int to) {
        synchronized (untrusted) {
            untrusted.set(from, to);
        }
    }

    /// Chunks whose blocks are marked for want of better knowledge: comparing them is cheaper than sending. Known to the process alone:
    /// without it they are sent.
    BitSet untrusted() {
        synchronized (untrusted) {
            return (BitSet) untrusted.clone();
        }
    }

    /// A pass over these has ended.
    void compared(BitSet chunks) {
        synchronized (untrusted) {
            untrusted.andNot(chunks);
        }
    }

    int blocksPerChunk() {
        return blocksPerChunk;
    }

    boolean isMarked(int generation, long block) {
        return (wordAt(generation, block >>> 6) & 1L << block) != 0;
    }

    void clear(int generation, long block) {
        LONG.getAndBitwiseAnd(
                leaves, generation * generationBytes + (block >>> 6) * 8, ~(1L << block));
    }

    void clearAll(int generation) {
        leaves.asSlice(generation * generationBytes, generationBytes).fill((byte) 0);
    }

    /// Adds the marks of one generation to the other and clears it.
    void merge(int from, int into) {
        for (long i = 0; i < generationBytes / 8; i++) {
            long bits = wordAt(from, i);
            if (bits != 0) {
                or(into, i, bits);
            }
        }
        clearAll(from);
    }

    /// The first marked block at or after this one, -1 for none.
    long next(int generation, long block) {
        return next(generation, block, blocks);
    }

    private long next(int generation, long block, long end) {
        for (long i = block >>> 6; i * 64 < end; i++) {
            long bits = wordAt(generation, i);
            if (i == block >>> 6) {
                bits &= -1L << block;
            }
            if (bits != 0) {
                long found = i * 64 + Long.numberOfTrailingZeros(bits);
                return found < end ? found : -1;
            }
        }
        return -1;
    }

    long count(int generation) {
        long count = 0;
        for (long i = 0; i < generationBytes / 8; i++) {
            count += Long.bitCount(wordAt(generation, i));
        }
        return count;
    }

    long blocks() {
        return blocks;
    }

    private long wordAt(int generation, long index) {
        return (long) LONG.getAcquire(leaves, generation * generationBytes + index * 8);
    }

    private void or(int generation, long index, long bits) {
        LONG.getAndBitwiseOr(leaves, generation * generationBytes + index * 8, bits);
    }

    @Override
    public void close() {
        chunkFile.close();
        leafFile.close();
    }
}
