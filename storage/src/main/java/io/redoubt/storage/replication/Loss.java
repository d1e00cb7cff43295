// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.VolumeId;
import io.redoubt.storage.journal.WritesBehind;
import java.util.Map;

/// What a failover to a point gives up, as far as the receiver knows (rule 25, A91, B119).
///
/// @param isComplete whether `arrived` are all that arrived
public record Loss(Map<VolumeId, OfVolume> volumes, boolean isComplete) {
    /// @param arrived behind the point
    /// @param through the last number that arrived; what the source has above it is for the source to count
    /// @param heard   the source's last number, as it said it last
    public record OfVolume(WritesBehind.Count arrived, long through, long heard) {
        /// At most, of writes that are known to have happened and did not arrive, headers counted.
        public long missingBytes() {
            return Math.max(0, heard - through) * Word.UNIT;
        }
    }

    public Loss {
        volumes = Map.copyOf(volumes);
    }
}
