// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.pool;

import io.redoubt.core.Bytes;
import io.redoubt.core.DatastoreId;
import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFault;
import io.redoubt.core.port.DiskFile;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/// The room of a datastore in the hands of those who have it now: the reserve, and the files of its volumes. Whatever one gets the other gives.
///
/// It keeps the book and the reserve in step and knows nothing of promises; [Datastore] makes them. Each change is one step under [#lock].
final class Holding {
    private static final int THIN_FIRST = 10; // the share of the size that saved data leaves

    private final DatastoreId id;
    private final Disk disk;
    private final RoomRules rules;
    private final Reserve reserve;
    private final boolean sparse;
    private final Book book;
    private final ReentrantLock changing = new ReentrantLock();
    private volatile long size;

    Holding(DatastoreId id, Disk disk, RoomRules rules, Promises.Terms terms, Reserve reserve) {
        this.id = id;
        this.disk = disk;
        this.rules = rules;
        this.size = terms.size().value();
        this.sparse = terms.sparse();
        this.reserve = reserve;
        this.book = new Book(rules);
    }

    /// For changes of several steps; the methods here take it themselves, again.
    ReentrantLock lock() {
        return changing;
    }

    RoomRules rules() {
        return rules;
    }

    Reserve reserve() {
        return reserve;
    }

    Book book() {
        return book;
    }

    boolean sparse() {
        return sparse;
    }

    long size() {
        return size;
    }

    /// A new size; [#settle] makes the reserve follow.
    void size(long wanted) {
        size = wanted;
    }

    Room room() {
        changing.lock();
        try {
            long missing = sparse ? 0 : Math.max(0, target() - reserve.size());
            return new Room(
                    size,
                    book.thick(),
                    book.thin(),
                    book.saved(),
                    book.mayGrow(),
                    free(),
                    Math.max(0, spare()),
                    reserve.size(),
                    missing,
                    sparse);
        } finally {
            changing.unlock();
        }
    }

    /// Holds what a larger size needs.
    ///
    /// @throws FaultException with [PoolFault.PoolFull] and nothing changed
    void hold(Bytes wanted) {
        if (sparse) {
            return;
        }
        long now = reserve.size();
        long goal = Datastore.needs(wanted, rules).value() - book.room();
        try {
            reserve.growTo(goal);
            reserve.sync();
        } catch (FaultException e) {
            Reserve.requireFull(e);
            var free = new Bytes(disk.freeBytes());
            throw new FaultException(
                    new PoolFault.PoolFull("of " + id, new Bytes(goal - now), free), e);
        }
    }

    /// Runs something that puts room behind a file of a volume, and counts it.
    ///
    /// @param more at most so many bytes
    /// @throws FaultException with [DiskFault.Full]
    void take(VolumeId volume, String name, DiskFile file, long more, Runnable allocation) {
        changing.lock();
        try {
            require(volume);
            requireRoom(volume, name, more);
            try {
                yieldingRoom(more + rules.grain(), allocation);
            } finally {
                book.measured(volume, name, file.room(), file.size());
                settle(rules.slice());
            }
        } finally {
            changing.unlock();
        }
    }

    /// Like [#take] for a part of a thin file that may have its room already, which only the disk knows: what turns out to be new and
    /// finds no room is made a hole again.
    void takeUnlessThere(VolumeId volume, String name, DiskFile file, long offset, long length) {
        changing.lock();
        try {
            long before = file.room();
            yieldingRoom(length + rules.grain(), () -> file.allocate(offset, length));
            long more = rules.grainsDown(file.room() - before);
            if (more >= length && book.wouldTake(volume, name, more) > freeFor(name)) {
                file.punch(offset, length);
                requireRoom(volume, name, more);
            }
            book.measured(volume, name, file.room(), file.size());
            settle(rules.slice());
        } finally {
            changing.unlock();
        }
    }

    /// Runs something that frees room behind a file, and takes it into the reserve.
    ///
    /// @param less at most so many bytes; one slice at most, for on a full file system it is nobody's for a moment
    void give(VolumeId volume, String name, DiskFile file, long less, Runnable freeing) {
        changing.lock();
        try {
            if (!sparse) {
                reserve.growTowards(Math.min(target() + less, reserve.size() + less), less);
            }
            freeing.run();
            book.measured(volume, name, file.room(), file.size());
            settle(rules.slice());
        } finally {
            changing.unlock();
        }
    }

    void removed(VolumeId volume, String name) {
        changing.lock();
        try {
            book.removed(volume, name);
            settle(rules.slice());
        } finally {
            changing.unlock();
        }
    }

    void renamed(VolumeId volume, String from, String to) {
        changing.lock();
        try {
            book.renamed(volume, from, to);
        } finally {
            changing.unlock();
        }
    }

    private void requireRoom(VolumeId volume, String name, long more) {
        long wanted = Book.isContent(name) ? book.wouldTake(volume, name, more) : more;
        long free = freeFor(name);
        if (wanted > 0 && wanted > free) {
            String where = "volume %s in datastore %s".formatted(volume, id);
            throw new FaultException(new DiskFault.Full(where, wanted, Math.max(0, free)));
        }
    }

    /// Runs something that makes a name, which may take a block of the file system.
    <T> T making(Supplier<T> maker) {
        changing.lock();
        try {
            return maker.get();
        } catch (FaultException e) {
            Reserve.requireFull(e);
            if (sparse) {
                throw e;
            }
            reserve.shrinkTo(Math.max(0, reserve.size() - rules.perVolume()));
            T made = maker.get();
            settle(rules.slice());
            return made;
        } finally {
            changing.unlock();
        }
    }

    /// Gives the room of one volume's small files back to the reserve before anybody else sees it.
    void regain() {
        if (!sparse) {
            reserve.growTowards(target() + rules.perVolume(), rules.slice());
        }
    }

    /// On a file system that is full besides, the reserve gives way first.
    void yieldingRoom(long bytes, Runnable allocation) {
        try {
            allocation.run();
        } catch (FaultException e) {
            Reserve.requireFull(e);
            if (sparse || reserve.size() == 0) {
                throw e;
            }
            reserve.shrinkTo(Math.max(0, reserve.size() - bytes));
            allocation.run();
        }
    }

    /// @param slack the reserve may be too large by so much, which spares a call for each small step
    void settle(long slack) {
        if (sparse) {
            return;
        }
        long target = target();
        if (reserve.size() > target + slack) {
            reserve.shrinkTo(target);
        } else if (reserve.size() < target) {
            reserve.growTowards(target, rules.slice());
        }
    }

    long target() {
        return Math.max(0, size + rules.spareOf(size) - book.room());
    }

    /// What is left beside the size for maps and small files; below zero when they have taken more.
    long spare() {
        return rules.spareOf(size) - book.other();
    }

    long free() {
        return Math.max(0, size - book.used());
    }

    private long freeFor(String file) {
        if (!Book.isContent(file)) {
            return spare();
        }
        return Book.isSaved(file) ? freeForSaved() : free();
    }

    /// What snapshots may still keep (ADR 19): the last tenth is for what thin volumes were promised, as far as they have not written it.
    long freeForSaved() {
        changing.lock();
        try {
            return Math.max(0, free() - Math.min(book.mayGrow(), size / THIN_FIRST));
        } finally {
            changing.unlock();
        }
    }

    Book.Held require(VolumeId volume) {
        Book.Held held = book.find(volume);
        if (held == null) {
            throw new FaultException(new PoolFault.UnknownVolume(id, volume));
        }
        return held;
    }
}
