// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.VolumeId;
import java.util.Map;
import java.util.UUID;

/// Where a history left the one before it: what both share ends with this point (rule 28).
///
/// @param parent the lineage that it left
/// @param point  the number of the parent's point
/// @param vector for each volume the number of the last write that both histories hold
public record Fork(UUID parent, long point, Map<VolumeId, Long> vector) {
    public Fork {
        vector = Map.copyOf(vector);
    }
}
