// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import io.redoubt.protocol.Command;

/// A moment of an operation at which its control plane is killed.
sealed interface KillMoment {
    /// What of the operation's own record is not written any more when the kill comes.
    enum Change {
        /// The step before is recorded, of this one nothing was done.
        RUNNING,
        /// All of the step was done, and nobody knows it.
        DONE,
        /// All of the step was taken back, and nobody knows it.
        UNDONE,
        /// It is to be walked back, and nobody knows it.
        UNDOING,
        /// Every step is recorded and the end is not.
        SUCCEEDED,
        FAILED;

        String word() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    /// @param step empty for the operation itself
    record Unrecorded(String step, Change change) implements KillMoment {
        @Override
        public String toString() {
            return "%s not recorded as %s"
                    .formatted(step.isEmpty() ? "operation" : step, change.word());
        }
    }

    /// A node has been told something, for the n-th time since the operation began.
    ///
    /// @param carriedOut whether it did it, and its answer is lost
    record Told(String node, Command.CommandCase kind, int nth, boolean carriedOut)
            implements KillMoment {
        @Override
        public String toString() {
            return "%s %d at %s %s"
                    .formatted(kind, nth, node, carriedOut ? "done and not answered" : "not done");
        }
    }

    /// The n-th row that the operation writes is not written any more.
    record Unwritten(String table, int nth) implements KillMoment {
        @Override
        public String toString() {
            return "row %d of it, in %s, not written".formatted(nth, table);
        }
    }
}
