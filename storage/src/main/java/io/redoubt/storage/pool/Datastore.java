// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.pool;

import io.redoubt.core.Bytes;
import io.redoubt.core.DatastoreId;
import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFault;
import io.redoubt.core.port.DiskFile;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/// So many bytes, taken whole from a pool and physically held until they are deleted.
///
/// What a crash leaves, line by line. **create**: the reserve without `datastore.meta`: no datastore; the next create begins anew.
/// **allot**: nothing, or the promise in `room-VOLUME` without files; [#allot] finds it. **making files**: room that is in the reserve and behind
/// the file, or in neither. **release**: the promise is deleted first; a directory without a promise is removed by [#open].
/// **resize**: larger: the reserve is too large; smaller: too large as well. [#open] counts the files that are there and gives the reserve the
/// size that follows, so nothing leaks and nothing is lost, whatever the crash interrupted.
public final class Datastore implements AutoCloseable {
    private final DatastoreId id;
    private final Disk disk;
    private final Directories directories;
    private final RoomRules rules;
    private final Reserve reserve;
    private final Book book;
    private final Promises promises;
    private final ReentrantLock changing = new ReentrantLock();
    private volatile boolean sparse;
    private volatile long size;

    private Datastore(
            DatastoreId id,
            Disk disk,
            Directories directories,
            RoomRules rules,
            Promises.Terms terms,
            Reserve reserve) {
        this.id = id;
        this.disk = disk;
        this.directories = directories;
        this.rules = rules;
        this.size = terms.size().value();
        this.sparse = terms.sparse();
        this.reserve = reserve;
        this.book = new Book(rules);
        this.promises = new Promises(disk, id);
    }

    /// Bytes that a pool must have for a datastore of this size: with the room for maps and small files.
    public static Bytes needs(Bytes size, RoomRules rules) {
        return new Bytes(Math.addExact(size.value(), rules.spareOf(size.value())));
    }

    /// @param sparse nothing is held: for tests at nominal sizes
    /// @throws FaultException with [PoolFault.PoolFull] and nothing left behind
    public static Datastore create(
            Disk disk,
            Directories directories,
            DatastoreId id,
            Bytes size,
            boolean sparse,
            RoomRules rules) {
        var terms = new Promises.Terms(size, sparse);
        Reserve reserve = Reserve.create(disk);
        try {
            if (!sparse) {
                reserve.growTo(needs(size, rules).value());
                reserve.sync(); // held, before anybody is told so
            }
            new Promises(disk, id).replace(terms); // makes the reserve's name durable, too
        } catch (FaultException e) {
            reserve.close();
            disk.delete(Reserve.FILE);
            if (e.fault() instanceof DiskFault.Full) {
                var free = new Bytes(disk.freeBytes());
                throw new FaultException(
                        new PoolFault.PoolFull("of " + id, needs(size, rules), free), e);
            }
            throw e;
        }
        return new Datastore(id, disk, directories, rules, terms, reserve);
    }

    /// The size of the datastore that the directory holds.
    public static Optional<Bytes> find(Disk disk, DatastoreId id) {
        return new Promises(disk, id).find().map(Promises.Terms::size);
    }

    /// Finishes what a crash interrupted.
    public static Datastore open(
            Disk disk, Directories directories, DatastoreId id, RoomRules rules) {
        Promises.Terms terms = new Promises(disk, id).require();
        var datastore = new Datastore(id, disk, directories, rules, terms, Reserve.open(disk));
        datastore.putRight();
        return datastore;
    }

    private void putRight() {
        promises.all().forEach(book::allot);
        for (VolumeId volume : directories.list()) {
            if (book.find(volume) != null) {
                count(volume, directories.open(volume));
            }
        }
        for (VolumeId volume : directories.list()) {
            if (book.find(volume) == null) { // its release was interrupted
                new RoomedDisk(this, volume, directories.open(volume), false).clear();
                directories.remove(volume);
            }
        }
        settle(0);
        reserve.sync();
    }

    private void count(VolumeId volume, Disk files) {
        for (String name : files.list()) {
            try (DiskFile file = files.open(name)) {
                book.measured(volume, name, file.room(), file.size());
            }
        }
    }

    public DatastoreId id() {
        return id;
    }

    public Bytes size() {
        return new Bytes(size);
    }

    public Room room() {
        changing.lock();
        try {
            long spare = rules.spareOf(size) - book.other();
            long missing = sparse ? 0 : Math.max(0, target() - reserve.size());
            return new Room(
                    size,
                    book.thick(),
                    book.thin(),
                    book.mayGrow(),
                    free(),
                    Math.max(0, spare),
                    reserve.size(),
                    missing,
                    sparse);
        } finally {
            changing.unlock();
        }
    }

    public Set<VolumeId> volumes() {
        changing.lock();
        try {
            return book.volumes();
        } finally {
            changing.unlock();
        }
    }

    /// Promises room to a volume, durably, or to a known one of the same kind more of it.
    ///
    /// @throws FaultException with [PoolFault.NoRoom] or [PoolFault.NoSpare] and nothing changed; the other volumes feel nothing
    public void allot(VolumeId volume, Allotment wanted) {
        changing.lock();
        try {
            Book.Held held = book.find(volume);
            long before = 0;
            if (held != null) {
                Allotment has = held.allotment();
                if (has.equals(wanted)) {
                    return;
                }
                if (has.thin() != wanted.thin() || has.size().compareTo(wanted.size()) > 0) {
                    throw new FaultException(new PoolFault.OtherVolume(volume, has, wanted));
                }
                before = has.size().value();
            } else if (rules.perVolume() > rules.spareOf(size) - book.other()) {
                throw new FaultException(
                        new PoolFault.NoSpare(
                                id,
                                new Bytes(rules.perVolume()),
                                new Bytes(Math.max(0, rules.spareOf(size) - book.other()))));
            }
            long more = wanted.thin() ? rules.grain() : wanted.size().value() - before;
            if (more > free()) {
                throw new FaultException(
                        new PoolFault.NoRoom(id, new Bytes(more), new Bytes(free())));
            }
            yieldingRoom(rules.perVolume(), () -> promises.replace(volume, wanted));
            book.allot(volume, wanted);
            settle(rules.slice());
        } finally {
            changing.unlock();
        }
    }

    /// @throws FaultException with [PoolFault.UnknownVolume]
    public Allotment allotment(VolumeId volume) {
        changing.lock();
        try {
            return require(volume).allotment();
        } finally {
            changing.unlock();
        }
    }

    /// Where the volume's layers keep their files. What they allocate comes out of the datastore's room, and what they delete goes back.
    ///
    /// A write that finds none throws [DiskFault.Full], and the bytes that were there stay.
    ///
    /// @throws FaultException with [PoolFault.UnknownVolume] when it was not allotted before
    public Disk disk(VolumeId volume) {
        boolean thin = allotment(volume).thin();
        Disk files = making(() -> directories.open(volume));
        return new RoomedDisk(this, volume, files, thin);
    }

    /// Deletes the volume's files and takes its room back. Unknown is done already.
    public void release(VolumeId volume) {
        changing.lock();
        try {
            boolean known = book.find(volume) != null;
            if (known
                    && !sparse) { // the room for small files comes back before anybody else sees it
                reserve.growTowards(target() + rules.perVolume(), rules.slice());
            }
            promises.remove(volume); // the decision: from here on every opening finishes it
            book.leaves(volume);
            if (known || directories.list().contains(volume)) {
                new RoomedDisk(this, volume, directories.open(volume), false).clear();
                directories.remove(volume);
            }
            book.forget(volume);
            settle(0);
            reserve.sync();
        } finally {
            changing.unlock();
        }
    }

    /// Grows it, or shrinks it down to what is used.
    ///
    /// @throws FaultException with [PoolFault.PoolFull] or [PoolFault.BelowUse] and nothing changed
    public void resize(Bytes wanted) {
        changing.lock();
        try {
            long before = size;
            if (wanted.value() > before) {
                hold(wanted);
                promises.replace(new Promises.Terms(wanted, sparse));
                size = wanted.value();
            } else if (wanted.value() < before) {
                if (wanted.value() < book.used() || rules.spareOf(wanted.value()) < book.other()) {
                    throw new FaultException(
                            new PoolFault.BelowUse(id, wanted, new Bytes(book.used())));
                }
                promises.replace(new Promises.Terms(wanted, sparse));
                size = wanted.value();
                settle(0);
            }
        } finally {
            changing.unlock();
        }
    }

    private void hold(Bytes wanted) {
        if (sparse) {
            return;
        }
        long now = reserve.size();
        long goal = needs(wanted, rules).value() - book.room();
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

    /// Takes back what is missing, as far as the file system has it again.
    public void mend() {
        changing.lock();
        try {
            settle(rules.slice());
        } finally {
            changing.unlock();
        }
    }

    /// Whether a write of a thin volume would find room.
    public boolean hasRoom() {
        return free() >= rules.grain();
    }

    RoomRules rules() {
        return rules;
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
            if (more >= length && book.wouldTake(volume, more) > free()) {
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
        long wanted = Book.isContent(name) ? book.wouldTake(volume, more) : more;
        long free = Book.isContent(name) ? free() : rules.spareOf(size) - book.other();
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

    /// On a file system that is full besides, the reserve gives way first.
    private void yieldingRoom(long bytes, Runnable allocation) {
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
    private void settle(long slack) {
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

    private long target() {
        return Math.max(0, size + rules.spareOf(size) - book.room());
    }

    private long free() {
        return Math.max(0, size - book.used());
    }

    private Book.Held require(VolumeId volume) {
        Book.Held held = book.find(volume);
        if (held == null) {
            throw new FaultException(new PoolFault.UnknownVolume(id, volume));
        }
        return held;
    }

    /// Gives its room back to the pool. Unknown is done already.
    ///
    /// @throws FaultException with [PoolFault.NotEmpty]
    public void delete() {
        changing.lock();
        try {
            if (!book.volumes().isEmpty()) {
                throw new FaultException(new PoolFault.NotEmpty(id, book.volumes().size()));
            }
            promises.removeTerms();
            reserve.close();
            disk.delete(Reserve.FILE);
            disk.sync();
        } finally {
            changing.unlock();
        }
    }

    @Override
    public void close() {
        reserve.close();
    }
}
