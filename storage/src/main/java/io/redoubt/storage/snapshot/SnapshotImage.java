// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.snapshot;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.block.BlockImage;
import io.redoubt.storage.block.Range;
import io.redoubt.storage.block.VolumeFault;
import java.nio.ByteBuffer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A volume as it was when a snapshot was made, read while the volume goes on. It locks nothing: what it read counts only when
/// nobody can have changed it meanwhile, which index and table say afterwards.
///
/// @param table the present one
record SnapshotImage(
        VolumeId volume,
        long number,
        long size,
        int grain,
        BlockImage origin,
        GrainStore store,
        Saver buffers,
        Supplier<SnapshotTable> table)
        implements BlockImage {

    /// @throws FaultException with [SnapshotFault.Unknown] or [SnapshotFault.Broken]
    static SnapshotImage of(
            VolumeId volume,
            long number,
            BlockImage origin,
            @Nullable GrainStore store,
            Saver buffers,
            Supplier<SnapshotTable> table) {
        SnapshotTable now = table.get();
        Snapshot snapshot = now.requireKept(volume, number);
        if (store == null) {
            throw new IllegalStateException("a snapshot without a store");
        }
        return new SnapshotImage(
                volume, number, snapshot.size(), now.grain(), origin, store, buffers, table);
    }

    @Override
    public void read(long offset, ByteBuffer into) {
        Range.require(volume, offset, into.remaining(), size);
        int limit = into.limit();
        long at = offset;
        while (into.position() < limit) {
            int piece = (int) Math.min(limit - into.position(), grain - at % grain);
            into.limit(into.position() + piece);
            readWithin(at, into);
            into.limit(limit);
            at += piece;
        }
    }

    /// @param into lies within one grain
    private void readWithin(long offset, ByteBuffer into) {
        GrainIndex.Found found = store.index().find(offset / grain, number);
        if (found == null) {
            int position = into.position();
            origin.read(offset, into);
            found = store.index().find(offset / grain, number);
            if (found == null) { // so it was not overwritten before it was read
                Snapshot _ = table.get().requireKept(volume, number); // or nobody would have saved
                return;
            }
            into.position(position);
        }
        ByteBuffer whole = buffers.buffer();
        try {
            boolean good = store.read(found, whole) && !found.lost();
            // The slot may have another content by now, unless the snapshot is still there.
            Snapshot _ = table.get().requireKept(volume, number);
            if (!good) {
                throw new FaultException(
                        new VolumeFault.Damaged(volume, offset, "the saved data of a snapshot"));
            }
            into.put(whole.slice((int) (offset % grain), into.remaining()));
        } catch (FaultException e) {
            throw e.fault() instanceof SnapshotFault ? e : VolumeFault.of(volume, offset, e);
        } finally {
            buffers.done(whole);
        }
    }
}
