// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.storage.journal.Fork;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// What a group's writes are numbered in: a lineage, and where it left the one before it (rule 28).
///
/// @param left null for a group's first one
public record History(UUID lineage, @Nullable Fork left) {
    /// One that nothing was before.
    public static History first(UUID lineage) {
        return new History(lineage, null);
    }

    /// Whether one left the other, or both the same third.
    public boolean isRelatedTo(History other) {
        return lineage.equals(other.lineage)
                || isChildOf(other)
                || other.isChildOf(this)
                || (left != null
                        && other.left != null
                        && left.parent().equals(other.left.parent()));
    }

    boolean isChildOf(History other) {
        return left != null && left.parent().equals(other.lineage);
    }
}
