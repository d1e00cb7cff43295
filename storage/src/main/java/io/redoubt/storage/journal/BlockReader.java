// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.block.VolumeFault;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/// Reads versions of blocks and checks every byte that it hands out.
///
/// A reader holds [#reading] from its look into the index to the last byte, so no sweep takes the tables or the files away from under it.
final class BlockReader {
    private final Segments segments;
    private final Index index;
    private final Base base;
    private final BlockSeal seal;
    private final Damages damages;
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();

    /// @param damages told what is not as it was written
    BlockReader(Segments segments, Index index, Base base, BlockSeal seal, Damages damages) {
        this.damages = damages;
        this.seal = seal;
        this.segments = segments;
        this.index = index;
        this.base = base;
    }

    Lock reading() {
        return lock.readLock();
    }

    /// Runs this while nobody reads.
    void alone(Runnable swap) {
        lock.writeLock().lock();
        try {
            swap.run();
        } finally {
            lock.writeLock().unlock();
        }
    }

    /// Fills a buffer of one block with its newest content; leaves it zero when it was never written.
    ///
    /// @return false when the content cannot be trusted, and so nothing made from it can
    boolean newest(int slot, long offset, ByteBuffer into) {
        reading().lock();
        try {
            long block = offset / Blocks.SIZE;
            IndexEntry entry = index.newest(Blocks.place(slot, block), Long.MAX_VALUE);
            if (entry == null) {
                return base(slot, block, into);
            }
            return entry.isZeros() || intact(entry, into);
        } finally {
            reading().unlock();
        }
    }

    /// The caller holds [#reading].
    ///
    /// @param offset of the block in the volume, for the fault
    /// @throws FaultException with [VolumeFault.Damaged], never other data
    void version(Member member, long offset, long vseqMax, ByteBuffer into) {
        long block = offset / Blocks.SIZE;
        IndexEntry entry = index.newest(Blocks.place(member.slot, block), vseqMax);
        if (entry == null) {
            if (!base(member.slot, block, into)) {
                throw damaged(member, offset, base.name(member.slot) + " at " + offset);
            }
        } else if (entry.isZeros()) {
            into.put(new byte[Blocks.SIZE]);
        } else if (!intact(entry, into)) {
            throw damaged(
                    member,
                    offset,
                    "%s at %d".formatted(Segments.name(entry.segment()), entry.position()));
        }
    }

    private static FaultException damaged(Member member, long offset, String where) {
        return new FaultException(new VolumeFault.Damaged(member.volume, offset, where));
    }

    private boolean base(int slot, long block, ByteBuffer into) {
        boolean good = base.read(slot, block, into);
        if (!good) {
            damages.note(Blocks.place(slot, block), index.horizon().at(slot));
        }
        return good;
    }

    /// Reads the block of an entry that has one.
    ///
    /// @return false when it is not what was written
    boolean intact(IndexEntry entry, ByteBuffer into) {
        int from = into.position();
        boolean intact = stored(entry, into);
        if (intact) {
            seal.open(entry.segment(), entry.position(), into, from);
        }
        return intact;
    }

    /// As [#intact], but the bytes are those that are stored: for whoever compares and does not look.
    boolean stored(IndexEntry entry, ByteBuffer into) {
        int from = into.position();
        int count =
                segments.file(entry.segment())
                        .read(entry.position(), into.slice(from, Blocks.SIZE));
        into.position(from + Blocks.SIZE);
        boolean good =
                count == Blocks.SIZE
                        && Checksum.of(into, from, Blocks.SIZE) == entry.crc()
                        && !entry.damaged();
        if (!good) {
            damages.note(entry.place(), entry.vseq());
        }
        return good;
    }
}
