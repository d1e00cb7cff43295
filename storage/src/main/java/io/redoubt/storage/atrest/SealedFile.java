// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Clock;
import io.redoubt.core.port.DiskFile;
import io.redoubt.storage.atrest.StoredBlocks.Zeros;
import io.redoubt.storage.block.StripeLocks;
import io.redoubt.storage.block.VolumeFault;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/// A file of a guest's bytes, encrypted, checked, or both, in one pass over each block of 4 KiB. What it promises is what [DiskFile] does.
///
/// **Which blocks were written** is told by the stored bytes themselves: a sector of 512 zeros was never written, or was trimmed, and
/// reads as zeros; ciphertext is not all zeros (once in 2^4096). So this map needs no file, no sync and no rule for a crash: it is as durable
/// as the data, sector by sector. A device that tears inside a sector leaves, in a sector that was being written, up to a sector of noise.
///
/// **A write**, line by line, and what a crash leaves: *its chunks made durably dirty*: nothing else changed. *The checksums stored in the map and
/// then the data written*: any of both may be there or not, and as the chunk is dirty the checksums are computed again from what is there.
/// A flush makes the data durable; the checksums follow when the chunk has been quiet for [Settling#QUIET], or at [#close()].
///
/// **Threads**: writes that overlap in a stripe of 64 KiB wait for each other. Readers take no lock; they look afterwards whether
/// somebody wrote meanwhile, and if so they read again with the lock, so a checksum is never compared with another write's data.
final class SealedFile implements DiskFile {
    private static final Logger LOG = System.getLogger(SealedFile.class.getName());

    private final VolumeId volume;
    private final String name;
    private final SealedFiles files;
    private final DiskFile data;
    private final @Nullable Xts cipher;
    private final @Nullable Sums sums;
    private final StoredBlocks blocks;
    private final StripeLocks stripes = new StripeLocks();
    private final StripeVersions versions = new StripeVersions();
    private final Settling settling;

    /// Held for reading by every use, for writing by what changes the size or ends it.
    private final ReentrantReadWriteLock use = new ReentrantReadWriteLock();

    private long size; // by use
    private boolean closed; // by use

    /// @param name   for faults
    /// @param cipher null without encryption; wiped with this file's close
    SealedFile(
            VolumeId volume,
            String name,
            SealedFiles files,
            @Nullable Xts cipher,
            int chunkBytes,
            Clock clock) {
        this.volume = volume;
        this.name = name;
        this.files = files;
        this.data = files.data();
        this.cipher = cipher;
        this.size = data.size();
        this.sums =
                files.sums() == null || files.dirty() == null
                        ? null
                        : new Sums(files.sums(), files.dirty(), data, size, chunkBytes);
        this.blocks = new StoredBlocks(volume, name, data, cipher, sums, size);
        this.settling = new Settling(data, sums, clock);
    }

    @Override
    public long size() {
        enter();
        try {
            return size;
        } finally {
            exit();
        }
    }

    @Override
    public int read(long offset, ByteBuffer into) {
        enter();
        try {
            int length = (int) Math.clamp(size - offset, 0L, into.remaining());
            if (length == 0) {
                return 0;
            }
            if (sums != null) {
                sums.trust(offset, length);
            }
            int position = into.position();
            int limit = into.limit();
            long needed = StripeLocks.of(offset, length);
            long before = versions.read(needed);
            if (before != StripeVersions.BUSY) {
                long damaged = blocks.fill(offset, into, length);
                into.limit(limit).position(position + length);
                if (versions.isUnchanged(needed, before)) {
                    requireSound(damaged);
                    return length;
                }
            }
            long held = stripes.lock(offset, length);
            try {
                long damaged = blocks.fill(offset, into.position(position), length);
                into.limit(limit).position(position + length);
                requireSound(damaged);
                return length;
            } finally {
                stripes.unlock(held);
            }
        } finally {
            exit();
        }
    }

    private void requireSound(long damaged) {
        if (damaged >= 0) {
            throw new FaultException(new VolumeFault.Damaged(volume, damaged, name));
        }
    }

    @Override
    public void write(long offset, ByteBuffer from) {
        change(offset, from.remaining(), from, Zeros.KEEP_ROOM);
    }

    /// Whole blocks become unwritten ones; of the others, at the edges, the bytes become encrypted zeros.
    @Override
    public void zero(long offset, long length) {
        change(offset, length, null, Zeros.KEEP_ROOM);
    }

    /// Like [#zero], but whole blocks give their room back.
    @Override
    public void punch(long offset, long length) {
        change(offset, length, null, Zeros.GIVE_ROOM_BACK);
    }

    /// @param from null for zeros
    private void change(long offset, long length, @Nullable ByteBuffer from, Zeros zeros) {
        enter();
        try {
            if (offset < 0 || length > size - offset) {
                throw new IllegalArgumentException(
                        "%s has %d bytes, not %d at %d".formatted(name, size, length, offset));
            }
            if (length == 0) {
                return;
            }
            if (sums == null) {
                changeLocked(offset, length, from, zeros);
                return;
            }
            sums.trust(offset, length);
            sums.announce(offset, length);
            try {
                sums.begin(offset, length); // from here on its checksums may be wrong after a crash
                changeLocked(offset, length, from, zeros);
            } finally {
                sums.end(offset, length);
            }
        } finally {
            exit();
        }
    }

    private void changeLocked(long offset, long length, @Nullable ByteBuffer from, Zeros zeros) {
        long held = stripes.lock(offset, length);
        versions.begin(held);
        try {
            blocks.change(offset, length, from, zeros);
        } finally {
            versions.end(held);
            stripes.unlock(held);
        }
    }

    /// Looks for damaged blocks without decrypting.
    ///
    /// @param damaged gets the offset of each
    /// @return bytes looked at, 0 at the end
    long check(long offset, long length, LongConsumer damaged) {
        enter();
        try {
            long end = Math.min(size, offset + length);
            if (sums == null || offset >= end) {
                return Math.max(0, end - offset);
            }
            sums.trust(offset, end - offset);
            for (long block = offset / StoredBlocks.BLOCK;
                    block * StoredBlocks.BLOCK < end;
                    block++) {
                if (!isSound(block)) {
                    damaged.accept(block * StoredBlocks.BLOCK);
                }
            }
            return end - offset;
        } finally {
            exit();
        }
    }

    private boolean isSound(long block) {
        try {
            if (blocks.isSound(block)) {
                return true;
            }
            long held = stripes.lock(block * StoredBlocks.BLOCK, 1); // somebody may be writing it
            try {
                return blocks.isSound(block);
            } finally {
                stripes.unlock(held);
            }
        } catch (FaultException _) {
            return false; // the disk cannot read it
        }
    }

    @Override
    public void sync() {
        enter();
        try {
            settling.sync();
        } finally {
            exit();
        }
    }

    @Override
    public void allocate(long wanted) {
        resize(wanted, true);
    }

    @Override
    public void truncate(long wanted) {
        resize(wanted, false);
    }

    /// Longer or shorter: the last block may be short before and after, so its checksum changes, and its chunk is made dirty first.
    ///
    /// Cut off, line by line, and what a crash leaves: *the data's end*: it may be there again, and its checksums still are. *The sync of
    /// the data*: checksums of what is not there, which the next opening cuts off. *The checksums*: nothing else. In another order the
    /// old end could come back without its checksums, in chunks that are called clean. After a sync that failed the checksums stay: what
    /// grows there again may be called damaged, and never shows wrong bytes.
    private void resize(long wanted, boolean thick) {
        use.writeLock().lock();
        try {
            if (wanted % StoredBlocks.SECTOR != 0) {
                throw new IllegalArgumentException(
                        "%s has whole sectors, not %d bytes".formatted(name, wanted));
            }
            if (wanted == size || (wanted < size && thick)) {
                return;
            }
            if (sums == null) {
                resizeData(wanted, thick);
                return;
            }
            sums.trust(0, Math.max(1, size));
            sums.makeRoom(Math.max(wanted, size));
            long kept = Math.min(wanted, size);
            if (kept % StoredBlocks.BLOCK == 0) {
                resizeData(wanted, thick);
                sums.fit(wanted);
            } else {
                resizeWithBlock(kept - 1, wanted, thick, sums);
            }
        } finally {
            use.writeLock().unlock();
        }
    }

    private void resizeWithBlock(long last, long wanted, boolean thick, Sums changed) {
        changed.announce(last, 1);
        try {
            changed.begin(last, 1);
            resizeData(wanted, thick);
            changed.fit(wanted);
            changed.accept(last, 1);
        } finally {
            changed.end(last, 1);
        }
    }

    private void resizeData(long wanted, boolean thick) {
        boolean shorter = wanted < size;
        if (thick) {
            data.allocate(wanted);
        } else {
            data.truncate(wanted);
        }
        size = wanted;
        blocks.resize(wanted);
        if (shorter && sums != null) {
            settling.syncData();
        }
    }

    @Override
    public void allocate(long offset, long length) {
        enter();
        try {
            data.allocate(offset, length);
        } finally {
            exit();
        }
    }

    @Override
    public long room() {
        enter();
        try {
            return data.room();
        } finally {
            exit();
        }
    }

    @Override
    public boolean zeroesFast() {
        return data.zeroesFast();
    }

    /// What was never stored reads as zeros here, too.
    @Override
    public long nextData(long offset) {
        enter();
        try {
            return data.nextData(offset);
        } finally {
            exit();
        }
    }

    @Override
    public long nextHole(long offset) {
        enter();
        try {
            return data.nextHole(offset);
        } finally {
            exit();
        }
    }

    @Override
    public MemorySegment map(long wanted) {
        throw new UnsupportedOperationException(name + " is sealed: its bytes cannot be mapped");
    }

    /// A clean close: every checksum is durable and its chunk clean, so all of them are enforced at the next opening.
    @Override
    public void close() {
        use.writeLock().lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            try {
                settling.all();
            } catch (FaultException e) {
                LOG.log(Level.WARNING, "closing " + name + " of volume " + volume, e);
            } finally {
                if (cipher != null) {
                    cipher.wipe();
                }
                files.close();
            }
        } finally {
            use.writeLock().unlock();
        }
    }

    private void enter() {
        use.readLock().lock();
        if (closed) {
            use.readLock().unlock();
            throw new FaultException(new VolumeFault.Closed(volume));
        }
    }

    private void exit() {
        use.readLock().unlock();
    }
}
