// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A recovery point with all that is known of it.
///
/// @param name      a user's word for it
/// @param afterSync it closed a resynchronisation
/// @param branch    it lies above the point that another history went on from
/// @param isProtected it goes only when it is released and deleted
/// @param pinnedBy  who looks at it now
/// @param takenBy   the role that asked for it, null for the periodic ones
/// @param failures  why it is not consistent for applications, where that was asked for
record KeptPoint(
        Point point,
        @Nullable String name,
        boolean afterSync,
        boolean branch,
        boolean isProtected,
        List<String> pinnedBy,
        Consistency consistency,
        @Nullable String takenBy,
        List<FreezeFailure> failures) {

    /// What a guest finds in it.
    enum Consistency {
        /// Its disks as after a loss of power.
        CRASH,
        /// Its file systems complete and at rest.
        APPLICATION
    }

    /// A machine whose file systems were not frozen.
    record FreezeFailure(String machine, String reason) {}
}
