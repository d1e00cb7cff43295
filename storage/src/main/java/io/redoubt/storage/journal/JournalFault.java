// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.fault.Fault;
import io.redoubt.core.fault.FaultException;

/// Every way that a journal refuses work.
public sealed interface JournalFault extends Fault {
    /// The journal's own fault in an exception; one of somebody else, such as the disk's, is thrown on.
    static JournalFault in(FaultException e) {
        if (e.fault() instanceof JournalFault fault) {
            return fault;
        }
        throw e;
    }

    /// A directory without a manifest.
    record NoJournal() implements JournalFault {
        @Override
        public String message() {
            return "The directory holds no journal: it has no file named manifest.";
        }

        @Override
        public String remedy() {
            return "Name the directory of one group, below groups in the home of the node that receives it.";
        }
    }

    /// A file that was durable does not hold what was written.
    record Damaged(String file, long offset, String what) implements JournalFault {
        @Override
        public String message() {
            return "%s is damaged at offset %d: %s.".formatted(file, offset, what);
        }

        @Override
        public String remedy() {
            return "Replace the disk, then protect the group again; points that do not touch the damage stay usable.";
        }
    }

    /// A file of another product, another version, or another journal.
    record Foreign(String file, String found) implements JournalFault {
        @Override
        public String message() {
            return "%s is not a part of this journal: %s.".formatted(file, found);
        }

        @Override
        public String remedy() {
            return "Move the file away, or open the directory with the version that wrote it.";
        }
    }

    /// The point is not (or no longer) kept.
    record NoSuchPoint(long number, long oldest, long newest) implements JournalFault {
        @Override
        public String message() {
            return "Recovery point %d is not kept; the kept points lie between %d and %d."
                    .formatted(number, oldest, newest);
        }

        @Override
        public String remedy() {
            return "List the points and choose one that is shown.";
        }
    }
}
