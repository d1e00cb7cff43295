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
    private final Holding holding;
    private final Book book;
    private final Promises promises;

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
        this.holding = new Holding(id, disk, rules, terms, reserve);
        this.book = holding.book();
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
                new RoomedDisk(holding, volume, directories.open(volume), false).clear();
                directories.remove(volume);
            }
        }
        holding.settle(0);
        holding.reserve().sync();
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
        return new Bytes(holding.size());
    }

    public Room room() {
        return holding.room();
    }

    public Set<VolumeId> volumes() {
        holding.lock().lock();
        try {
            return book.volumes();
        } finally {
            holding.lock().unlock();
        }
    }

    /// Promises room to a volume, durably, or to a known one of the same kind more of it.
    ///
    /// @throws FaultException with [PoolFault.NoRoom] or [PoolFault.NoSpare] and nothing changed; the other volumes feel nothing
    public void allot(VolumeId volume, Allotment wanted) {
        holding.lock().lock();
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
            } else if (rules.perVolume() > holding.spare()) {
                throw new FaultException(
                        new PoolFault.NoSpare(
                                id,
                                new Bytes(rules.perVolume()),
                                new Bytes(Math.max(0, holding.spare()))));
            }
            long more = wanted.thin() ? rules.grain() : wanted.size().value() - before;
            long free = holding.free();
            if (more > free) {
                throw new FaultException(
                        new PoolFault.NoRoom(id, new Bytes(more), new Bytes(free)));
            }
            holding.yieldingRoom(rules.perVolume(), () -> promises.replace(volume, wanted));
            book.allot(volume, wanted);
            holding.settle(rules.slice());
        } finally {
            holding.lock().unlock();
        }
    }

    /// @throws FaultException with [PoolFault.UnknownVolume]
    public Allotment allotment(VolumeId volume) {
        holding.lock().lock();
        try {
            return holding.require(volume).allotment();
        } finally {
            holding.lock().unlock();
        }
    }

    /// Where the volume's layers keep their files. What they allocate comes out of the datastore's room, and what they delete goes back.
    ///
    /// A write that finds none throws [DiskFault.Full], and the bytes that were there stay.
    ///
    /// @throws FaultException with [PoolFault.UnknownVolume] when it was not allotted before
    public Disk disk(VolumeId volume) {
        boolean thin = allotment(volume).thin();
        Disk files = holding.making(() -> directories.open(volume));
        return new RoomedDisk(holding, volume, files, thin);
    }

    /// Deletes the volume's files and takes its room back. Unknown is done already.
    public void release(VolumeId volume) {
        holding.lock().lock();
        try {
            boolean known = book.find(volume) != null;
            if (known) {
                holding.regain();
            }
            promises.remove(volume); // the decision: from here on every opening finishes it
            book.leaves(volume);
            if (known || directories.list().contains(volume)) {
                new RoomedDisk(holding, volume, directories.open(volume), false).clear();
                directories.remove(volume);
            }
            book.forget(volume);
            holding.settle(0);
            holding.reserve().sync();
        } finally {
            holding.lock().unlock();
        }
    }

    /// Grows it, or shrinks it down to what is used.
    ///
    /// @throws FaultException with [PoolFault.PoolFull] or [PoolFault.BelowUse] and nothing changed
    public void resize(Bytes wanted) {
        holding.lock().lock();
        try {
            long before = holding.size();
            boolean sparse = holding.sparse();
            if (wanted.value() > before) {
                holding.hold(wanted);
                promises.replace(new Promises.Terms(wanted, sparse));
                holding.size(wanted.value());
            } else if (wanted.value() < before) {
                if (wanted.value() < book.used() || rules.spareOf(wanted.value()) < book.other()) {
                    throw new FaultException(
                            new PoolFault.BelowUse(id, wanted, new Bytes(book.used())));
                }
                promises.replace(new Promises.Terms(wanted, sparse));
                holding.size(wanted.value());
                holding.settle(0);
            }
        } finally {
            holding.lock().unlock();
        }
    }

    /// Takes back what is missing, as far as the file system has it again.
    public void mend() {
        holding.lock().lock();
        try {
            holding.settle(rules.slice());
        } finally {
            holding.lock().unlock();
        }
    }

    /// Whether a write of a thin volume would find room.
    public boolean hasRoom() {
        return holding.free() >= rules.grain();
    }

    /// Gives its room back to the pool. Unknown is done already.
    ///
    /// @throws FaultException with [PoolFault.NotEmpty]
    public void delete() {
        holding.lock().lock();
        try {
            if (!book.volumes().isEmpty()) {
                throw new FaultException(new PoolFault.NotEmpty(id, book.volumes().size()));
            }
            promises.removeTerms();
            holding.reserve().close();
            disk.delete(Reserve.FILE);
            disk.sync();
        } finally {
            holding.lock().unlock();
        }
    }

    @Override
    public void close() {
        holding.reserve().close();
    }
}
