// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.snapshot;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.Fault;

/// Every way that snapshots refuse work.
public sealed interface SnapshotFault extends Fault {
    /// No such snapshot, or not any more.
    record Unknown(VolumeId volume, String snapshot) implements SnapshotFault {
        @Override
        public String message() {
            return "Volume %s has no snapshot %s.".formatted(volume, snapshot);
        }

        @Override
        public String remedy() {
            return "List the snapshots; it may have been deleted.";
        }
    }

    /// The name is taken.
    record Exists(VolumeId volume, String name) implements SnapshotFault {
        @Override
        public String message() {
            return "Volume %s has a snapshot %s already.".formatted(volume, name);
        }

        @Override
        public String remedy() {
            return "Choose another name, or delete that one first.";
        }
    }

    /// The list is full.
    record TooMany(VolumeId volume, int count) implements SnapshotFault {
        @Override
        public String message() {
            return "Volume %s has %d snapshots, which is the most.".formatted(volume, count);
        }

        @Override
        public String remedy() {
            return "Delete those that nobody needs.";
        }
    }

    /// Its content is not complete any more.
    record Broken(VolumeId volume, String snapshot, String why) implements SnapshotFault {
        @Override
        public String message() {
            return "Snapshot %s of volume %s is %s.".formatted(snapshot, volume, why);
        }

        @Override
        public String remedy() {
            return "Delete it; use an older point or a backup, and give the datastore more snapshot room.";
        }
    }

    /// The volume is being taken back to a snapshot, or was when its process died.
    record Reverting(VolumeId volume, String snapshot) implements SnapshotFault {
        @Override
        public String message() {
            return "Volume %s is being reverted to snapshot %s and takes no other change meanwhile."
                    .formatted(volume, snapshot);
        }

        @Override
        public String remedy() {
            return "Wait until it is done; if it was cut short, revert to the same snapshot again.";
        }
    }

    /// What a revert overwrites must be saved for the other snapshots, and there is not that much room.
    record NoRoom(VolumeId volume, String snapshot, long wanted, long free)
            implements SnapshotFault {
        @Override
        public String message() {
            return "A revert of volume %s to %s must save up to %d bytes for the other snapshots; %d are free."
                    .formatted(volume, snapshot, wanted, free);
        }

        @Override
        public String remedy() {
            return "Give the datastore more snapshot room, or delete snapshots that nobody needs.";
        }
    }
}
