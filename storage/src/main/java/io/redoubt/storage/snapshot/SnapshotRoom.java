// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.snapshot;

import io.redoubt.core.Bytes;
import io.redoubt.storage.block.BlockDevice;
import java.util.function.LongSupplier;

/// How much the saved data of a volume's snapshots may take, and what happens when that is not enough (ADR 0016).
///
/// @param quota bytes of `snapshots.raw`, headers included, as of now
public record SnapshotRoom(LongSupplier quota, WhenFull whenFull) {
    /// As much as the disk has.
    public static final SnapshotRoom UNLIMITED =
            new SnapshotRoom(() -> Long.MAX_VALUE, WhenFull.BREAK_OLDEST);

    public static SnapshotRoom of(Bytes quota, WhenFull whenFull) {
        long bytes = quota.value();
        return new SnapshotRoom(() -> bytes, whenFull);
    }

    /// For one whole copy of the volume, also when it has grown.
    public static SnapshotRoom copyOf(BlockDevice volume, WhenFull whenFull) {
        return new SnapshotRoom(() -> bytesFor(volume.size()), whenFull);
    }

    /// Bytes of the file that can hold every grain of a volume once.
    public static long bytesFor(long size) {
        long slots = (size + SnapshotDevice.GRAIN - 1) / SnapshotDevice.GRAIN;
        long segments = (slots + GrainStore.SLOTS - 1) / GrainStore.SLOTS;
        return segments * (GrainStore.PAGE + (long) GrainStore.SLOTS * SnapshotDevice.GRAIN);
    }

    public enum WhenFull {
        /// The guest's write goes on; the oldest snapshots are declared broken until there is room.
        BREAK_OLDEST,
        /// The guest's write is refused with [io.redoubt.storage.block.VolumeFault.Full], which pauses a machine.
        REFUSE_WRITES
    }
}
