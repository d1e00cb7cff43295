// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.snapshot;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The store of a volume's old data: there from the first snapshot on, trusted until one of its syncs fails, and freed of what serves nobody.
final class SavedData {
    private final VolumeId id;
    private final Disk disk;
    private final LongSupplier quota;
    private final ReentrantLock reclaiming = new ReentrantLock();
    private volatile @Nullable GrainStore store;
    private volatile @Nullable FaultException failure; // final
    private boolean closed; // reclaiming only

    SavedData(Disk disk, VolumeId id, LongSupplier quota) {
        this.disk = disk;
        this.id = id;
        this.quota = quota;
    }

    /// Opens what is there; [GrainStore] says what counts in it.
    void open(SnapshotTable table) {
        var opened = new GrainStore(disk, id, table.grain(), quota);
        opened.reclaim(table::keptNumbers);
        store = opened;
    }

    /// Makes it for the first snapshot. Until a table speaks of it nothing in it means anything.
    void makeUnlessThere(int grain) {
        if (store == null) {
            GrainStore.create(disk);
            store = new GrainStore(disk, id, grain, quota);
        }
    }

    @Nullable GrainStore find() {
        return store;
    }

    GrainStore require() {
        GrainStore open = store;
        if (open == null) {
            throw new IllegalStateException("there is no store without a snapshot");
        }
        return open;
    }

    /// Nothing in it can be relied on from now on.
    void failed(FaultException e) {
        failure = e;
    }

    @Nullable FaultException failure() {
        return failure;
    }

    SnapshotDevice.Usage usage() {
        GrainStore open = store;
        return open == null
                ? new SnapshotDevice.Usage(0, 0, quota.getAsLong())
                : new SnapshotDevice.Usage(open.usedBytes(), open.heldBytes(), quota.getAsLong());
    }

    /// For each kept snapshot, oldest first, the bytes that deleting it alone frees.
    long[] ownBytes(SnapshotTable table) {
        GrainStore open = store;
        long[] kept = table.keptNumbers();
        long[] bytes = new long[kept.length];
        if (open != null) {
            int[] slots = open.index().servingOne(kept);
            for (int i = 0; i < kept.length; i++) {
                bytes[i] = (long) slots[i] * table.grain();
            }
        }
        return bytes;
    }

    /// Bytes that can still be saved, whatever the limit is: quota, disk, datastore.
    long freeBytes() {
        return require().freeBytes(disk.freeBytes());
    }

    /// @param kept the numbers of the snapshots with content, rising
    void reclaim(Supplier<long[]> kept) {
        GrainStore open = store;
        if (open != null && failure == null) {
            reclaiming.lock();
            try {
                if (!closed) {
                    open.reclaim(kept);
                }
            } finally {
                reclaiming.unlock();
            }
        }
    }

    /// After a collection in the background has ended.
    void close() {
        GrainStore open = store;
        if (open != null) {
            reclaiming.lock();
            try {
                closed = true;
                open.close();
            } finally {
                reclaiming.unlock();
            }
        }
    }
}
