// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import io.redoubt.core.port.DiskFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.BitSet;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.ReentrantLock;
import java.util.zip.CRC32C;

/// Which chunks may hold blocks whose checksum is not true on disk: a bit for each, durable before the first write to its chunk.
///
/// The file is made of sectors of 512 bytes: 63 words of bits, then a CRC32C of them. A sector of zeros was never written: all clean. One
/// that does not match its CRC was torn: all of its chunks count as dirty.
///
/// A crash before the sync of [#makeDirty] returns leaves the bit set, clear or torn, and no write of the chunk has begun. A bit is cleared
/// in [#forget] only after data and checksums of its chunk are durable and while nobody writes there, so a clear bit on disk is true
/// whenever the power fails; that the clearing itself may be lost costs work and never truth.
final class DirtyChunks {
    private static final int SECTOR = 512;
    private static final int WORDS = 63;
    private static final int PER_SECTOR = WORDS * 64;
    private static final int WRITER = 2; // work: the lowest bit says written since the last look
    private static final int WRITTEN = 1;

    private final DiskFile file;
    private final ReentrantLock changing = new ReentrantLock();
    private int count;
    private AtomicLongArray bits = new AtomicLongArray(0); // whole sectors of words
    private AtomicIntegerArray work = new AtomicIntegerArray(0);

    DirtyChunks(DiskFile file, int count) {
        this.file = file;
        grow(count);
        load();
    }

    /// Makes room for more chunks, all clean. Nobody else may use this object meanwhile.
    void grow(int wanted) {
        if (wanted <= count) {
            return;
        }
        int sectors = (wanted + PER_SECTOR - 1) / PER_SECTOR;
        file.allocate((long) sectors * SECTOR); // so that no write ever finds the disk full here
        var more = new AtomicLongArray(sectors * WORDS);
        for (int i = 0; i < bits.length(); i++) {
            more.set(i, bits.get(i));
        }
        bits = more;
        work = new AtomicIntegerArray(wanted);
        count = wanted;
    }

    private void load() {
        ByteBuffer sector = ByteBuffer.allocate(SECTOR).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 0; at < bits.length(); at += WORDS) {
            file.read((long) at / WORDS * SECTOR, sector.clear());
            boolean torn = !isBlank(sector) && sector.getLong(WORDS * 8) != checksum(sector);
            for (int i = 0; i < WORDS; i++) {
                bits.set(at + i, torn ? -1L : sector.getLong(i * 8));
            }
        }
        for (int chunk = count; chunk < bits.length() * 64; chunk++) {
            set(chunk, false); // beyond the end
        }
        if (!dirty().isEmpty()) {
            // A process before this one may have died between the write of a bit and its sync; from
            // here on the bit counts as durable.
            file.sync();
        }
    }

    private static boolean isBlank(ByteBuffer sector) {
        for (int at = 0; at < SECTOR; at += 8) {
            if (sector.getLong(at) != 0) {
                return false;
            }
        }
        return true;
    }

    private static long checksum(ByteBuffer sector) {
        var crc = new CRC32C();
        crc.update(sector.duplicate().clear().limit(WORDS * 8));
        return crc.getValue();
    }

    boolean isDirty(int chunk) {
        return (bits.get(chunk >>> 6) & 1L << chunk) != 0;
    }

    /// All of them.
    BitSet dirty() {
        var all = new BitSet(count);
        for (int chunk = 0; chunk < count; chunk++) {
            all.set(chunk, isDirty(chunk));
        }
        return all;
    }

    /// Says that somebody is about to write; [#end] follows in any case.
    void announce(int first, int last) {
        for (int chunk = first; chunk <= last; chunk++) {
            work.addAndGet(chunk, WRITER);
        }
    }

    /// Returns when the chunks are durably dirty. Usually they are.
    void makeDirty(int first, int last) {
        for (int chunk = first; chunk <= last; chunk++) {
            if (!isDirty(chunk)) {
                mark(first, last);
                return;
            }
        }
    }

    private void mark(int first, int last) {
        changing.lock();
        try {
            int from = first / PER_SECTOR;
            int to = last / PER_SECTOR;
            ByteBuffer sectors = encode(from, to, first, last);
            file.write((long) from * SECTOR, sectors);
            file.sync();
            for (int chunk = first; chunk <= last; chunk++) {
                set(chunk, true);
            }
        } finally {
            changing.unlock();
        }
    }

    void end(int first, int last) {
        for (int chunk = first; chunk <= last; chunk++) {
            work.updateAndGet(chunk, now -> (now | WRITTEN) - WRITER);
        }
    }

    /// Dirty chunks that nobody wrote since the call before and nobody writes now. The next steps: make data and checksums
    /// durable, then [#forget]. One caller at a time.
    BitSet quiet() {
        var quiet = new BitSet();
        for (int chunk = 0; chunk < count; chunk++) {
            if (isDirty(chunk)) {
                int now = work.getAndUpdate(chunk, w -> w & ~WRITTEN);
                quiet.set(chunk, now == 0);
            }
        }
        return quiet;
    }

    /// Clears those in which still nobody wrote. A writer either announced itself in time to be seen here, or finds the
    /// bit clear and sets it again, behind this lock.
    void forget(BitSet chunks) {
        changing.lock();
        try {
            var sectors = new BitSet();
            for (int chunk = chunks.nextSetBit(0);
                    chunk >= 0;
                    chunk = chunks.nextSetBit(chunk + 1)) {
                set(chunk, false);
                if (work.get(chunk) != 0) {
                    set(chunk, true);
                } else {
                    sectors.set(chunk / PER_SECTOR);
                }
            }
            for (int at = sectors.nextSetBit(0); at >= 0; at = sectors.nextSetBit(at + 1)) {
                file.write((long) at * SECTOR, encode(at, at, 0, -1));
            }
        } finally {
            changing.unlock();
        }
    }

    /// Sectors as they are, with more bits set.
    private ByteBuffer encode(int from, int to, int first, int last) {
        ByteBuffer bytes =
                ByteBuffer.allocate((to - from + 1) * SECTOR).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = from; at <= to; at++) {
            ByteBuffer sector =
                    bytes.slice((at - from) * SECTOR, SECTOR).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < WORDS; i++) {
                sector.putLong(i * 8, bits.get(at * WORDS + i));
            }
            int begin = Math.max(first, at * PER_SECTOR);
            int end = Math.min(last, (at + 1) * PER_SECTOR - 1);
            for (int chunk = begin; chunk <= end; chunk++) {
                int word = (chunk % PER_SECTOR) >>> 6;
                sector.putLong(word * 8, sector.getLong(word * 8) | 1L << chunk);
            }
            sector.putLong(WORDS * 8, checksum(sector));
        }
        return bytes;
    }

    private void set(int chunk, boolean dirty) {
        long bit = 1L << chunk;
        bits.getAndUpdate(chunk >>> 6, word -> dirty ? word | bit : word & ~bit);
    }
}
