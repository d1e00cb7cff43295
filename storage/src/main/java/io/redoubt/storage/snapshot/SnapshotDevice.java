// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.snapshot;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.block.BlockImage;
import io.redoubt.storage.block.ChangeMap;
import io.redoubt.storage.block.Range;
import io.redoubt.storage.block.StripeLocks;
import io.redoubt.storage.block.VolumeFault;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/// The layer that keeps what a volume was: before a grain is overwritten for the first time after a snapshot, its old content is
/// durably in the store. A volume that never had a snapshot has no files of this layer and pays one uncontended lock for each write.
///
/// The old content belongs to the newest snapshot and serves all older ones that have none of their own, so a first write costs the same
/// with one snapshot as with a hundred. Deleting a snapshot writes the table and nothing else.
///
/// What a crash leaves, line by line:
/// - *create*: flushed, no table: no snapshot. The table: the snapshot, with all that was acknowledged before, for the
///   second flush ran with every write shut out.
/// - *write*: see [GrainStore]; until the sync has returned, the volume has the old content; afterwards both.
/// - *delete*: the table with or without it. Slots that serve nothing are found again at the opening.
/// - *revert*: the table says "reverting" before the first byte changes and until all are durable. In between, a restart
///   finds [#reverting()], refuses writes, and [#revert] of the same snapshot does it all again.
public final class SnapshotDevice implements BlockDevice {
    public static final int GRAIN = 64 << 10;
    static final long EVERYTHING = Long.MAX_VALUE / 2;
    private static final long PIECE = 4L << 20; // saved at once for a zero or trim

    private final VolumeId id;
    private final BlockDevice next;
    private final Options options;
    private final Saver saver;
    private final StripeLocks stripes = new StripeLocks();
    private final ReentrantLock managing = new ReentrantLock(); // before the stripes, never inside
    private final TableFile file;
    private final SavedData kept;
    private final Revert revert;

    /// @param background runs the collecting of freed room, soon and once
    /// @param whenBroken hears of each snapshot that was given up so that the guest could go on
    public record Options(SnapshotRoom room, Executor background, Consumer<Snapshot> whenBroken) {}

    /// Room of the saved data: bytes in use, bytes of its file, bytes that may be used.
    public record Usage(long used, long held, long quota) {}

    private SnapshotDevice(
            Disk disk,
            VolumeId id,
            BlockDevice next,
            Options options,
            SnapshotTable table,
            SavedData kept) {
        this.id = id;
        this.next = next;
        this.options = options;
        this.saver = new Saver(next, table.grain());
        this.file = new TableFile(disk, id, table);
        this.kept = kept;
        this.revert = new Revert(id, file, kept, managing, stripes);
    }

    /// The layer over a volume in its directory, with the snapshots that it has.
    public static SnapshotDevice open(Disk disk, VolumeId id, BlockDevice next, Options options) {
        return open(disk, id, next, options, GRAIN);
    }

    /// @param grain for a volume without a table; a smaller one makes simulations fast
    public static SnapshotDevice open(
            Disk disk, VolumeId id, BlockDevice next, Options options, int grain) {
        try {
            var kept = new SavedData(disk, id, options.room().quota());
            Optional<SnapshotTable> found = TableFile.find(disk, id);
            found.ifPresent(kept::open);
            SnapshotTable table = found.orElseGet(() -> SnapshotTable.empty(grain));
            return new SnapshotDevice(disk, id, next, options, table, kept);
        } catch (FaultException e) {
            throw VolumeFault.of(id, 0, e);
        }
    }

    @Override
    public long size() {
        return next.size();
    }

    @Override
    public void read(long offset, ByteBuffer into) {
        next.read(offset, into);
    }

    @Override
    public void write(long offset, ByteBuffer from) {
        Range.require(id, offset, from.remaining(), next.size());
        long held = enter(offset, from.remaining());
        try {
            next.write(offset, from);
        } finally {
            stripes.unlock(held);
        }
    }

    @Override
    public void zero(long offset, long length) {
        Range.require(id, offset, length, next.size());
        long held = enterLarge(offset, length);
        try {
            next.zero(offset, length);
        } finally {
            stripes.unlock(held);
        }
    }

    @Override
    public void trim(long offset, long length) {
        Range.require(id, offset, length, next.size());
        long held = enterLarge(offset, length);
        try {
            next.trim(offset, length);
        } finally {
            stripes.unlock(held);
        }
    }

    @Override
    public boolean zeroesFast() {
        return file.state().owner() == 0 && next.zeroesFast();
    }

    @Override
    public void extents(long offset, long length, ExtentSink sink) {
        next.extents(offset, length, sink);
    }

    @Override
    public long send(long offset, long length, int socket) {
        return next.send(offset, length, socket);
    }

    /// Saves most of a range piece by piece before it shuts out the other writes of all of it.
    private long enterLarge(long offset, long length) {
        long end = offset + length;
        for (long at = offset; end - at > PIECE; at += PIECE) {
            stripes.unlock(enter(at, PIECE));
        }
        return enter(offset, length);
    }

    @Override
    public void flush() {
        next.flush();
    }

    @Override
    public void close() {
        next.close();
        kept.close();
    }

    /// Locks a range of which everything is saved. @return what the stripe locks want back
    private long enter(long offset, long length) {
        if (length == 0) {
            return 0;
        }
        while (true) {
            long held = stripes.lock(offset, length);
            boolean entered = false;
            try {
                entered = isSaved(file.state(), offset, length);
            } finally {
                if (!entered) {
                    stripes.unlock(held);
                }
            }
            if (entered) {
                return held;
            }
            makeRoom(offset); // without the stripes: its lock comes before them
        }
    }

    /// @return false when there is no room, or no store that can be trusted
    private boolean isSaved(TableFile.State now, long offset, long length) {
        FaultException stuck = now.stuck();
        if (stuck != null) {
            throw stuck;
        }
        revert.requireMayWrite(now.table());
        int grain = now.table().grain();
        long first = offset / grain;
        long last = (offset + length - 1) / grain;
        if (now.owner() == 0 || now.saved().all(first, last)) {
            return true;
        }
        try {
            return saver.run(kept.require(), now.owner(), now.saved(), first, last);
        } catch (FaultException e) {
            kept.failed(e);
            return false;
        }
    }

    /// The guest goes on (ADR 0016): frees room by giving up the oldest snapshot, or all when their store has failed.
    private void makeRoom(long offset) {
        managing.lock();
        try {
            SnapshotTable table = file.table();
            FaultException failure = kept.failure();
            Optional<Snapshot> oldest = table.oldestKept();
            if (oldest.isEmpty() || (failure == null && kept.require().hasRoom())) {
                return; // another thread was faster
            }
            if (options.room().whenFull() == SnapshotRoom.WhenFull.REFUSE_WRITES
                    || table.reverting() != 0) {
                throw VolumeFault.of(id, offset, failure != null ? failure : full(offset));
            }
            if (failure != null) {
                SnapshotTable broken = table.allBroken(Snapshot.State.STORE_FAILED);
                file.replace(broken);
                broken.all().stream()
                        .filter(s -> table.kept(s.number()))
                        .forEach(options.whenBroken());
            } else {
                file.replace(table.broken(oldest.get(), Snapshot.State.NO_ROOM));
                reclaim();
                options.whenBroken().accept(oldest.get().in(Snapshot.State.NO_ROOM));
            }
        } finally {
            managing.unlock();
        }
    }

    private FaultException full(long offset) {
        String limit =
                "the room for snapshots, %d bytes, is used up"
                        .formatted(kept.require().heldBytes());
        return new FaultException(new VolumeFault.Full(id, offset, limit));
    }

    /// The snapshots, oldest first, those that are broken too.
    public List<Snapshot> list() {
        return file.table().all();
    }

    public Optional<Snapshot> find(String name) {
        return file.table().find(name);
    }

    /// @throws FaultException with [SnapshotFault.Unknown]
    public Snapshot require(String name) {
        return find(name)
                .orElseThrow(() -> new FaultException(new SnapshotFault.Unknown(id, name)));
    }

    /// The number of the snapshot that the volume stands on, 0 for none.
    public long current() {
        return file.table().current();
    }

    /// The number of the snapshot to which a revert is under way, or was cut short.
    public OptionalLong reverting() {
        long target = file.table().reverting();
        return target == 0 ? OptionalLong.empty() : OptionalLong.of(target);
    }

    public Usage usage() {
        return kept.usage();
    }

    /// For each kept snapshot, oldest first, the bytes that deleting it alone frees.
    public long[] ownBytes() {
        return kept.ownBytes(file.table());
    }

    /// The volume as it is now, with every write that has returned, for ever, also after a power loss.
    ///
    /// Writes are shut out for the time of a short flush and of the replacing of a small file.
    ///
    /// @throws FaultException with a [SnapshotFault]
    public Snapshot create(String name, long nowMillis) {
        managing.lock();
        try {
            SnapshotTable table = revert.requireIdle();
            requireCreatable(table, name);
            next.flush(); // most of the work, while writes go on
            long held = stripes.lock(0, EVERYTHING);
            try {
                next.flush();
                kept.makeUnlessThere(table.grain());
                file.replace(table.create(name, nowMillis, next.size()));
            } finally {
                stripes.unlock(held);
            }
            return file.table().find(name).orElseThrow();
        } catch (FaultException e) {
            throw worded(e);
        } finally {
            managing.unlock();
        }
    }

    private void requireCreatable(SnapshotTable table, String name) {
        if (table.find(name).isPresent()) {
            throw new FaultException(new SnapshotFault.Exists(id, name));
        }
        if (table.all().size() >= SnapshotTable.SNAPSHOTS_MAX) {
            throw new FaultException(new SnapshotFault.TooMany(id, table.all().size()));
        }
        FaultException failure = kept.failure();
        if (failure != null) {
            throw failure;
        }
    }

    /// Deletes it by writing the table. Its room is collected in the background; the guest notices nothing.
    public void delete(long number) {
        managing.lock();
        try {
            SnapshotTable table = revert.requireIdle();
            file.replace(table.delete(table.require(id, number)));
        } catch (FaultException e) {
            throw worded(e);
        } finally {
            managing.unlock();
        }
        options.background().execute(this::reclaim);
    }

    private void reclaim() {
        kept.reclaim(() -> file.table().keptNumbers());
    }

    /// What a snapshot shows, for as long as it is kept; then its reads fail with a [SnapshotFault].
    public BlockImage image(long number) {
        return SnapshotImage.of(id, number, next, kept.find(), saver, () -> file.table());
    }

    /// What was written between two snapshots, in the order of their making whatever was reverted between them.
    ///
    /// @param to a later snapshot, or 0 for now
    public ChangedGrains changes(long from, long to) {
        SnapshotTable table = file.table();
        Snapshot older = table.requireKept(id, from);
        if (to != 0 && to < from) {
            return changes(to, from);
        }
        long size = to == 0 ? next.size() : table.requireKept(id, to).size();
        return ChangedGrains.of(
                kept.require().index(), table.grain(), from, to, older.size(), size);
    }

    /// What was written since a snapshot, looked up anew for each range; its questions fail with a [SnapshotFault] once that is not kept.
    public ChangeMap writtenSince(long number) {
        SnapshotTable table = file.table();
        Snapshot since = table.requireKept(id, number);
        return new WrittenSince(
                id, since, table.grain(), kept.require().index(), () -> file.table());
    }

    /// Takes the volume back to a snapshot. All snapshots stay; the volume stands on this one afterwards.
    ///
    /// Every other thread's writes are refused with [SnapshotFault.Reverting] from the beginning until it is done, also after a restart:
    /// then call it again.
    ///
    /// @param through takes the writes: this device, or the layer above it that must see them, such as the splitter
    public void revert(long number, BlockDevice through) {
        try {
            revert.run(this, number, through);
        } catch (FaultException e) {
            throw worded(e);
        }
    }

    /// In the words of a volume, when it comes from below.
    private FaultException worded(FaultException e) {
        return e.fault() instanceof SnapshotFault ? e : VolumeFault.of(id, 0, e);
    }
}
