// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.snapshot;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.storage.block.SmallFile;
import io.redoubt.storage.block.VolumeFault;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The table on disk, and what a write looks at: both replaced as a whole, the durable one first. One caller replaces at a time.
final class TableFile {
    private static final String NAME = "snapshots.meta";
    private static final String MAGIC = "RDBTSNP1";
    private static final int VERSION = 1;

    private final VolumeId id;
    private final SmallFile file;
    private volatile State state;

    /// What a write looks at.
    ///
    /// @param owner the newest snapshot with content, 0 for none
    /// @param saved what needs no saving for the owner
    /// @param stuck set once it is unknown what the durable table says: no write is safe
    record State(
            SnapshotTable table, long owner, SavedGrains saved, @Nullable FaultException stuck) {}

    TableFile(Disk disk, VolumeId id, SnapshotTable table) {
        this.id = id;
        this.file = file(disk, id);
        this.state = new State(table, table.newestKept(), noneSaved(table), null);
    }

    private static SmallFile file(Disk disk, VolumeId id) {
        return new SmallFile(disk, id, NAME, MAGIC, VERSION);
    }

    /// The table that a volume has, if it ever had a snapshot.
    static Optional<SnapshotTable> find(Disk disk, VolumeId id) {
        SmallFile file = file(disk, id);
        return file.exists() ? Optional.of(SnapshotTable.read(file)) : Optional.empty();
    }

    State state() {
        return state;
    }

    SnapshotTable table() {
        return state.table();
    }

    /// Makes a table durable, then lets it count.
    void replace(SnapshotTable wanted) {
        State before = state;
        try {
            file.replace(wanted.encode(id));
        } catch (FaultException e) {
            // The new table may or may not be durable. When the old one can be made so again,
            // nothing has happened.
            try {
                file.replace(before.table().encode(id));
            } catch (FaultException again) {
                FaultException stuck = VolumeFault.of(id, 0, again);
                state = new State(before.table(), before.owner(), before.saved(), stuck);
            }
            throw e;
        }
        long owner = wanted.newestKept();
        // A newer owner has nothing saved; for an older one everything stays saved that was.
        SavedGrains saved = owner > before.owner() ? noneSaved(wanted) : before.saved();
        state = new State(wanted, owner, saved, before.stuck());
    }

    private static SavedGrains noneSaved(SnapshotTable table) {
        long owner = table.newestKept();
        long size = owner == 0 ? 0 : table.find(owner).orElseThrow().size();
        return new SavedGrains((size + table.grain() - 1) / table.grain());
    }
}
