// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.pool;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.DiskFile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/// A file of a volume. Writes to where room is known to be pass straight through; the others get it first.
///
/// Content with holes gets its room grain by grain, and loses it again where whole grains are zeroed. A crash between room and write leaves
/// room behind zeros, which the next opening counts. One handle of a file at a time may punch holes into it.
final class RoomedFile implements DiskFile {
    private final RoomedDisk disk;
    private final String name;
    private final DiskFile next;
    private final boolean thin;
    private final boolean content;
    private final int grain;
    private final Grains known = new Grains();
    private final ReentrantReadWriteLock punching = new ReentrantReadWriteLock();
    private volatile long length;

    /// Below it there is room behind every byte, for good. 0 for the content of a thin volume.
    private volatile long solid;

    RoomedFile(RoomedDisk disk, String name, DiskFile next) {
        this.disk = disk;
        this.name = name;
        this.next = next;
        this.content = Book.isContent(name);
        this.thin = disk.thin() && content && !Book.isSaved(name);
        this.grain = disk.holding().rules().grain();
        lookAgain();
    }

    private void lookAgain() {
        length = next.size();
        if (!thin && next.room() >= length) {
            solid = length;
        }
    }

    @Override
    public int read(long offset, ByteBuffer into) {
        return next.read(offset, into);
    }

    @Override
    public void write(long offset, ByteBuffer from) {
        long end = offset + from.remaining();
        if (end <= solid) {
            next.write(offset, from);
        } else if (content && end <= length) {
            punching.readLock().lock();
            try {
                fill(offset, end);
                next.write(offset, from);
            } finally {
                punching.readLock().unlock();
            }
        } else {
            growing(end - offset, () -> next.write(offset, from.slice()));
            from.position(from.limit());
        }
    }

    /// Holes stay holes. What an earlier life of the process gave room may lose it here.
    @Override
    public void zero(long offset, long count) {
        long end = offset + count;
        if (end <= solid) {
            next.zero(offset, count);
        } else if (content && end <= length) {
            punching.writeLock().lock();
            try {
                for (long at = offset; at < end; ) {
                    long until = Math.min(end, (at / grain + 1) * grain);
                    clearPart(at, until);
                    at = until;
                }
            } finally {
                punching.writeLock().unlock();
            }
        } else {
            growing(count, () -> next.zero(offset, count));
        }
    }

    /// Whole grains lose their room; what is zeroed of the others keeps it.
    private void clear(long offset, long end) {
        long first = (offset + grain - 1) / grain * grain;
        long last = end == length ? end : end / grain * grain;
        if (first >= last) {
            clearPart(offset, end);
            return;
        }
        clearPart(offset, first);
        clearPart(last, end);
        long slice = disk.holding().rules().slice();
        for (long at = first; at < last; at += slice) {
            long from = at;
            long count = Math.min(slice, last - at);
            known.clear(from / grain, (from + count + grain - 1) / grain);
            disk.holding().give(disk.volume(), name, next, count, () -> next.punch(from, count));
        }
    }

    private void clearPart(long offset, long end) {
        if (offset >= end) {
            return;
        }
        if (known.has(offset / grain)) {
            next.zero(offset, end - offset);
        } else {
            long count = end - offset; // no room is taken for zeros, some may come back
            disk.holding().give(disk.volume(), name, next, count, () -> next.punch(offset, count));
        }
    }

    /// Room behind every grain of a range.
    private void fill(long offset, long end) {
        if (offset >= end) {
            return;
        }
        long last = (end - 1) / grain;
        long at = offset / grain;
        while (at <= last) {
            if (known.has(at)) {
                at++;
                continue;
            }
            long run = at + 1;
            while (run <= last && !known.has(run)) {
                run++;
            }
            fillGrains(at, run);
            at = run;
        }
    }

    private void fillGrains(long from, long until) {
        long begin = from * grain;
        long stop = Math.min(until * grain, length);
        long count = stop - begin;
        try {
            disk.holding()
                    .take(disk.volume(), name, next, count, () -> next.allocate(begin, count));
            known.set(from, until);
        } catch (FaultException e) {
            Reserve.requireFull(e);
            // Some of it may be there since an earlier life of this process: ask for each grain.
            for (long at = begin; at < stop; at += grain) {
                long piece = Math.min(grain, stop - at);
                disk.holding().takeUnlessThere(disk.volume(), name, next, at, piece);
                known.set(at / grain, at / grain + 1);
            }
        }
    }

    @Override
    public void sync() {
        next.sync();
    }

    @Override
    public long size() {
        return length;
    }

    /// @throws FaultException with [DiskFault.Full] and nothing changed
    @Override
    public void allocate(long size) {
        long old = length;
        long slice = disk.holding().rules().slice();
        try {
            for (long at = old; at < size; at += slice) {
                long to = Math.min(size, at + slice);
                disk.holding().take(disk.volume(), name, next, to - at, () -> next.allocate(to));
            }
        } catch (FaultException e) {
            Reserve.requireFull(e);
            length = next.size();
            if (length > old) {
                truncate(old);
            }
            throw e;
        }
        lookAgain();
    }

    @Override
    public void allocate(long offset, long count) {
        growing(count, () -> next.allocate(offset, count));
    }

    @Override
    public void punch(long offset, long count) {
        punching.writeLock().lock();
        try {
            solid = Math.min(solid, offset);
            clear(offset, offset + count);
        } finally {
            punching.writeLock().unlock();
        }
    }

    @Override
    public long room() {
        return next.room();
    }

    @Override
    public void truncate(long size) {
        long old = length;
        if (size >= old) {
            next.truncate(size);
        } else {
            solid = Math.min(solid, size);
            known.clear(size / grain, (old + grain - 1) / grain);
            disk.holding().give(disk.volume(), name, next, old - size, () -> next.truncate(size));
        }
        length = size;
    }

    @Override
    public boolean zeroesFast() {
        return !thin && next.zeroesFast();
    }

    @Override
    public long nextData(long offset) {
        return next.nextData(offset);
    }

    @Override
    public long nextHole(long offset) {
        return next.nextHole(offset);
    }

    @Override
    public long send(long offset, long count, int socket) {
        return next.send(offset, count, socket);
    }

    @Override
    public MemorySegment map(long size) {
        MemorySegment memory = next.map(size);
        length = Math.max(length, size);
        return memory;
    }

    private void growing(long more, Runnable allocation) {
        disk.holding().take(disk.volume(), name, next, more, allocation);
        lookAgain();
    }

    @Override
    public void close() {
        next.close();
    }
}
