// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.pool;

import io.redoubt.core.Bytes;
import io.redoubt.core.DatastoreId;
import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.Fault;

/// Every way that a pool or a datastore refuses.
public sealed interface PoolFault extends Fault {
    /// The pool has not that much room. Nothing was made.
    record PoolFull(String pool, Bytes wanted, Bytes free) implements PoolFault {
        @Override
        public String message() {
            return "Pool %s has %s free; %s are needed, spare room included."
                    .formatted(pool, free, wanted);
        }

        @Override
        public String remedy() {
            return "Ask for less, delete a datastore, or add a pool to the zone.";
        }
    }

    /// The datastore's room is promised or used. Volumes that are there are not touched.
    record NoRoom(DatastoreId datastore, Bytes wanted, Bytes free) implements PoolFault {
        @Override
        public String message() {
            return "Datastore %s has %s free, %s are needed.".formatted(datastore, free, wanted);
        }

        @Override
        public String remedy() {
            return "Grow the datastore, or delete volumes in it.";
        }
    }

    /// The spare room for maps and small files is used up.
    record NoSpare(DatastoreId datastore, Bytes wanted, Bytes free) implements PoolFault {
        @Override
        public String message() {
            return "Datastore %s has %s left for maps and small files, the volume needs %s."
                    .formatted(datastore, free, wanted);
        }

        @Override
        public String remedy() {
            return "Grow the datastore: its spare room grows with it.";
        }
    }

    /// It cannot be smaller than what is in it.
    record BelowUse(DatastoreId datastore, Bytes wanted, Bytes used) implements PoolFault {
        @Override
        public String message() {
            return "Datastore %s cannot shrink to %s: %s are used."
                    .formatted(datastore, wanted, used);
        }

        @Override
        public String remedy() {
            return "Delete volumes first, or shrink it no further than what is used.";
        }
    }

    record NotEmpty(DatastoreId datastore, int volumes) implements PoolFault {
        @Override
        public String message() {
            return "Datastore %s holds %d volumes.".formatted(datastore, volumes);
        }

        @Override
        public String remedy() {
            return "Delete its volumes first.";
        }
    }

    record UnknownVolume(DatastoreId datastore, VolumeId volume) implements PoolFault {
        @Override
        public String message() {
            return "Datastore %s holds no volume %s.".formatted(datastore, volume);
        }

        @Override
        public String remedy() {
            return "Look for it in another datastore.";
        }
    }

    /// The volume has another kind, or would have to shrink.
    record OtherVolume(VolumeId volume, Allotment has, Allotment wanted) implements PoolFault {
        @Override
        public String message() {
            return "Volume %s is %s, not %s.".formatted(volume, has, wanted);
        }

        @Override
        public String remedy() {
            return "Ask for what it is; a volume only grows, and stays thick or thin.";
        }
    }
}
