// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.snapshot;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.block.StripeLocks;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantLock;

/// Takes a volume back to a snapshot: writes its content through the layers that must hear of it, while every other writer is refused.
///
/// The table says "reverting" before the first byte changes and until all are durable; a crash in between is followed by the same revert from its
/// beginning, which writes the same bytes.
final class Revert {
    private final VolumeId id;
    private final TableFile file;
    private final SavedData kept;
    private final ReentrantLock managing;
    private final StripeLocks stripes;
    private volatile long thread; // whose writes pass, 0 for none

    /// @param managing the lock of everybody who replaces the table
    Revert(
            VolumeId id,
            TableFile file,
            SavedData kept,
            ReentrantLock managing,
            StripeLocks stripes) {
        this.id = id;
        this.file = file;
        this.kept = kept;
        this.managing = managing;
        this.stripes = stripes;
    }

    /// @throws FaultException with [SnapshotFault.Reverting] when somebody else's revert is under way, or was cut short
    void requireMayWrite(SnapshotTable table) {
        if (table.reverting() != 0 && Thread.currentThread().threadId() != thread) {
            throw underWay(table);
        }
    }

    /// The table, when no revert is under way.
    SnapshotTable requireIdle() {
        SnapshotTable table = file.table();
        if (table.reverting() != 0) {
            throw underWay(table);
        }
        return table;
    }

    private FaultException underWay(SnapshotTable table) {
        Snapshot target = table.require(id, table.reverting());
        return new FaultException(new SnapshotFault.Reverting(id, target.name()));
    }

    void run(SnapshotDevice device, long number, BlockDevice through) {
        SnapshotTable table = begin(device, number);
        try {
            write(device, table.requireKept(id, number), table.grain(), through);
            managing.lock();
            try {
                file.replace(file.table().reverted());
            } finally {
                managing.unlock();
            }
        } finally {
            thread = 0;
        }
    }

    private SnapshotTable begin(SnapshotDevice device, long number) {
        managing.lock();
        try {
            SnapshotTable table = file.table();
            Snapshot target = table.requireKept(id, number);
            if (thread != 0 || (table.reverting() != 0 && table.reverting() != number)) {
                throw underWay(table);
            }
            if (table.reverting() == 0) {
                requireRoom(device, target, table.grain());
                long held = stripes.lock(0, SnapshotDevice.EVERYTHING); // no write is under way
                try {
                    file.replace(table.reverting(number));
                } finally {
                    stripes.unlock(held);
                }
            }
            thread = Thread.currentThread().threadId();
            return file.table();
        } finally {
            managing.unlock();
        }
    }

    /// For what the newest snapshot does not have of what will be overwritten.
    private void requireRoom(SnapshotDevice device, Snapshot target, int grain) {
        GrainIndex index = kept.require().index();
        long newest = file.state().owner();
        long wanted = 0;
        for (ChangedGrains.Part part : device.changes(target.number(), 0).parts()) {
            for (long at = part.offset(); at < part.end(); at += grain) {
                wanted += index.newestOwner(at / grain) < newest ? grain : 0;
            }
        }
        long free = kept.freeBytes();
        if (wanted > free) {
            throw new FaultException(new SnapshotFault.NoRoom(id, target.name(), wanted, free));
        }
    }

    private static void write(
            SnapshotDevice device, Snapshot target, int grain, BlockDevice through) {
        var image = device.image(target.number());
        ByteBuffer content = ByteBuffer.allocateDirect(grain);
        for (ChangedGrains.Part part : device.changes(target.number(), 0).parts()) {
            long end = Math.min(target.size(), part.end());
            for (long at = part.offset(); at < end; at += grain) {
                content.clear().limit((int) Math.min(grain, end - at));
                image.read(at, content);
                through.write(at, content.flip());
            }
        }
        if (through.size() > target.size()) {
            through.zero(target.size(), through.size() - target.size()); // it has grown since
        }
        through.flush();
    }
}
