// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import static io.redoubt.storage.atrest.StoredBlocks.BLOCK;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.DiskFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.BitSet;
import java.util.concurrent.locks.ReentrantLock;
import java.util.zip.CRC32C;

/// The checksums of a sealed file: for each block of 4 KiB the CRC32C of its stored bytes, combined by exclusive or with the CRC32C of as many
/// zeros, so that the checksum of a block that was never written is 0. Mapped, four bytes each, little-endian.
///
/// While its chunk is dirty, a checksum is true for the process (page cache) and may be anything after a crash. So after an unclean
/// stop the checksums of the chunks that are still dirty are computed again from what is stored, chunk by chunk at the first use of
/// each; those of all other chunks are enforced.
final class Sums {
    private static final ValueLayout.OfInt VALUE =
            ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int READ = 1 << 20;
    private static final int ZERO_CRC = crcOfZeros(BLOCK);

    private final DiskFile file;
    private final DiskFile data;
    private final DirtyChunks chunks;
    private final int chunkBytes;
    private final BitSet untrusted; // by the lock of repairing
    private final ReentrantLock repairing = new ReentrantLock();
    private volatile boolean anyUntrusted;
    private MemorySegment values = MemorySegment.NULL;
    private long size;
    private int lastZeroCrc; // of the last block, which may be shorter

    /// @param size       of the data
    /// @param chunkBytes a multiple of 4 KiB
    Sums(DiskFile file, DiskFile dirty, DiskFile data, long size, int chunkBytes) {
        this.file = file;
        this.data = data;
        this.chunkBytes = chunkBytes;
        this.chunks = new DirtyChunks(dirty, count(size, chunkBytes));
        fit(size);
        this.untrusted = chunks.dirty();
        this.anyUntrusted = !untrusted.isEmpty();
    }

    /// Makes room for a larger file, without using it yet. Nobody else may use this object meanwhile.
    void makeRoom(long wanted) {
        chunks.grow(count(wanted, chunkBytes));
        file.allocate(count(wanted, BLOCK) * 4L);
    }

    /// Makes this the size of the data; the checksums of new blocks are 0. Nobody else may use this object meanwhile.
    void fit(long wanted) {
        long bytes = count(wanted, BLOCK) * 4L;
        if (file.size() > bytes) {
            // Shorter than before: what is cut off must not come back when it grows again.
            if (values.byteSize() > bytes) {
                values.asSlice(bytes).fill((byte) 0);
            }
            file.truncate(bytes);
            file.sync();
        }
        file.allocate(bytes);
        values = wanted == 0 ? MemorySegment.NULL : file.map(bytes);
        size = wanted;
        lastZeroCrc = crcOfZeros(lengthOf(Math.max(0, count(wanted, BLOCK) - 1L)));
    }

    private static int count(long size, int unit) {
        return Math.toIntExact((size + unit - 1) / unit);
    }

    boolean matches(long block, int crc) {
        return values.get(VALUE, block * 4) == (crc ^ zeroCrc(block));
    }

    void put(long block, int crc) {
        values.set(VALUE, block * 4, crc ^ zeroCrc(block));
    }

    /// These blocks are zeros.
    void clear(long first, long count) {
        values.asSlice(first * 4, count * 4).fill((byte) 0);
    }

    /// Announces a write; [#end] follows in any case.
    void announce(long offset, long length) {
        chunks.announce(chunk(offset), chunk(offset + length - 1));
    }

    /// Returns when a write of this range may begin: its chunks are durably dirty.
    void begin(long offset, long length) {
        chunks.makeDirty(chunk(offset), chunk(offset + length - 1));
    }

    void end(long offset, long length) {
        chunks.end(chunk(offset), chunk(offset + length - 1));
    }

    /// Returns when the checksums of the range can be enforced.
    void trust(long offset, long length) {
        if (anyUntrusted) {
            int last = chunk(offset + length - 1);
            for (int chunk = chunk(offset); chunk <= last; chunk++) {
                repair(chunk);
            }
        }
    }

    private void repair(int chunk) {
        repairing.lock();
        try {
            if (untrusted.get(chunk)) {
                long from = (long) chunk * chunkBytes;
                accept(from, Math.min(chunkBytes, size - from));
                untrusted.clear(chunk);
                anyUntrusted = !untrusted.isEmpty();
            }
        } finally {
            repairing.unlock();
        }
    }

    /// Computes the checksums of a range again from what is stored. A block that cannot be read keeps its old one.
    void accept(long offset, long length) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(READ);
        long end = Math.min(size, (offset + length + BLOCK - 1) / BLOCK * BLOCK);
        for (long at = offset - offset % BLOCK; at < end; at += READ) {
            int piece = (int) Math.min(READ, end - at);
            if (!acceptPiece(at, bytes.clear().limit(piece))) {
                for (long one = at; one < at + piece; one += BLOCK) {
                    acceptPiece(one, bytes.clear().limit(lengthOf(one / BLOCK)));
                }
            }
        }
    }

    private boolean acceptPiece(long at, ByteBuffer bytes) {
        try {
            data.read(at, bytes);
        } catch (FaultException _) {
            return false;
        }
        int length = bytes.position();
        var crc = new CRC32C();
        for (int done = 0; done < length; done += BLOCK) {
            crc.reset();
            crc.update(bytes.limit(Math.min(length, done + BLOCK)).position(done));
            put((at + done) / BLOCK, (int) crc.getValue());
        }
        return true;
    }

    /// Chunks that can soon be clean, see [DirtyChunks#quiet()].
    BitSet quiet() {
        BitSet quiet = chunks.quiet();
        removeUntrusted(quiet);
        return quiet;
    }

    /// Every dirty chunk whose checksums are true. Only when nobody writes.
    BitSet all() {
        chunks.quiet(); // forgets who wrote: nobody will any more
        BitSet all = chunks.dirty();
        removeUntrusted(all);
        return all;
    }

    private void removeUntrusted(BitSet set) {
        repairing.lock();
        try {
            set.andNot(untrusted);
        } finally {
            repairing.unlock();
        }
    }

    // Call with the data of these chunks durable: makes their checksums durable, then calls them
    // clean.
    void settle(BitSet clean) {
        if (!clean.isEmpty()) {
            file.sync();
            chunks.forget(clean);
        }
    }

    private int chunk(long offset) {
        return (int) (offset / chunkBytes);
    }

    private int lengthOf(long block) {
        return (int) Math.min(BLOCK, size - block * BLOCK);
    }

    private int zeroCrc(long block) {
        return (block + 1) * BLOCK > size ? lastZeroCrc : ZERO_CRC;
    }

    private static int crcOfZeros(int length) {
        var crc = new CRC32C();
        crc.update(new byte[length]);
        return (int) crc.getValue();
    }
}
