// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.storage;

import io.redoubt.control.web.Refusal;
import io.redoubt.core.Bytes;

/// Every way that storage refuses a wish.
public sealed interface StorageFault extends Refusal {

    /// The datastore's room is promised already.
    record NoRoom(String datastore, Bytes free, Bytes wanted) implements StorageFault {
        @Override
        public Kind kind() {
            return Kind.CONFLICT;
        }

        @Override
        public String message() {
            return "datastore '%s' has %s free, the volume needs %s"
                    .formatted(datastore, free, wanted);
        }

        @Override
        public String remedy() {
            return "Order a larger datastore, or delete volumes in this one.";
        }
    }

    /// What comes out of a journal lies where the journal is.
    record NotWithJournal(String datastore, String node, String journalNode)
            implements StorageFault {
        @Override
        public Kind kind() {
            return Kind.CONFLICT;
        }

        @Override
        public String message() {
            return "datastore '%s' is on node %s, the group's journal on node %s"
                    .formatted(datastore, node, journalNode);
        }

        @Override
        public String remedy() {
            return "Choose a datastore on that node, or order one in its zone.";
        }
    }

    /// No pool of the zone has the room.
    record NoPool(String zone, Bytes wanted, Bytes best, int pools) implements StorageFault {
        @Override
        public Kind kind() {
            return Kind.CONFLICT;
        }

        @Override
        public String message() {
            return "zone '%s' has no pool with %s free: the best of %d has %s"
                    .formatted(zone, wanted, pools, best);
        }

        @Override
        public String remedy() {
            return "Order less or in another zone; an operator gives the zone room with ./redoubt pool create.";
        }
    }

    /// It is being made or deleted.
    record NotReady(String what, String name, String state) implements StorageFault {
        @Override
        public Kind kind() {
            return Kind.CONFLICT;
        }

        @Override
        public String message() {
            return "%s '%s' is not ready: it is %s".formatted(what, name, state);
        }

        @Override
        public String remedy() {
            return "Watch its operation, and try again when that has ended.";
        }
    }

    /// The volume cannot have that size.
    record CannotGrow(String volume, String why) implements StorageFault {
        @Override
        public Kind kind() {
            return Kind.CONFLICT;
        }

        @Override
        public String message() {
            return "volume '%s' cannot get that size: %s".formatted(volume, why);
        }

        @Override
        public String remedy() {
            return "Volumes only grow; a protected one or a template's clone stays as large as it is.";
        }
    }

    /// It has no part in the rate of a datastore.
    record NotLimited(String volume) implements StorageFault {
        @Override
        public Kind kind() {
            return Kind.CONFLICT;
        }

        @Override
        public String message() {
            return "volume '%s' belongs to a view and shares no datastore's rate".formatted(volume);
        }

        @Override
        public String remedy() {
            return "Set shares and limits of volumes in a datastore.";
        }
    }

    /// Somebody holds it.
    record InUse(String what, String name, String by) implements StorageFault {
        @Override
        public Kind kind() {
            return Kind.CONFLICT;
        }

        @Override
        public String message() {
            return "%s '%s' is used by %s".formatted(what, name, by);
        }

        @Override
        public String remedy() {
            return "Delete what uses it first.";
        }
    }

    /// As many as there can be.
    record TooManySnapshots(String volume, int count) implements StorageFault {
        @Override
        public Kind kind() {
            return Kind.CONFLICT;
        }

        @Override
        public String message() {
            return "volume '%s' has %d snapshots, which is the most".formatted(volume, count);
        }

        @Override
        public String remedy() {
            return "Delete those that nobody needs.";
        }
    }

    /// Its content was given up.
    record SnapshotBroken(String volume, String snapshot, String why) implements StorageFault {
        @Override
        public Kind kind() {
            return Kind.CONFLICT;
        }

        @Override
        public String message() {
            return "snapshot '%s' of volume '%s' has no content any more: %s"
                    .formatted(snapshot, volume, why);
        }

        @Override
        public String remedy() {
            return "Delete it, and use another snapshot, a recovery point or a backup.";
        }
    }

    /// The volume's present content stands against it.
    record CannotRevert(String volume, String why, String remedy) implements StorageFault {
        @Override
        public Kind kind() {
            return Kind.CONFLICT;
        }

        @Override
        public String message() {
            return "volume '%s' cannot go back to a snapshot now: %s".formatted(volume, why);
        }
    }

    /// What is done with the volumes of a datastore only.
    record BelongsToView(String volume, String view) implements StorageFault {
        @Override
        public Kind kind() {
            return Kind.CONFLICT;
        }

        @Override
        public String message() {
            return "volume '%s' belongs to view %s of a recovery point".formatted(volume, view);
        }

        @Override
        public String remedy() {
            return "Take a recovery point of its group instead.";
        }
    }

    /// There is nothing to copy from.
    record NoSource(String volume) implements StorageFault {
        @Override
        public Kind kind() {
            return Kind.CONFLICT;
        }

        @Override
        public String message() {
            return "volume '%s' has no source: it was not made from a template".formatted(volume);
        }

        @Override
        public String remedy() {
            return "Nothing is left to copy; the volume has all of its content.";
        }
    }
}
