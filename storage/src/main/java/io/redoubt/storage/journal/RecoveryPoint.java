// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import java.util.List;
import java.util.Map;

/// A published cut: all members of the group as they were at one instant.
///
/// @param number      rises with every cut of the group; gaps are cuts that were given up
/// @param stampMillis the coordinator's time at the cut, strictly rising; shown, never ordered by
/// @param publishedMillis the receiver's time when the point was complete
/// @param vector      for each member the number of the last write that the point holds
/// @param afterSync   it closed a resynchronisation
/// @param name        the text of its [PointTag], empty for the periodic ones
public record RecoveryPoint(
        long number,
        long stampMillis,
        long publishedMillis,
        Map<VolumeId, Long> vector,
        boolean afterSync,
        String name) {
    public RecoveryPoint {
        vector = Map.copyOf(vector);
    }

    public PointTag tag() {
        return PointTag.parse(name);
    }

    /// The same writes, with another text.
    RecoveryPoint named(String text) {
        return new RecoveryPoint(number, stampMillis, publishedMillis, vector, afterSync, text);
    }

    /// @param kept oldest first
    /// @throws FaultException with [JournalFault.NoSuchPoint]
    static RecoveryPoint require(List<RecoveryPoint> kept, long number) {
        return kept.stream()
                .filter(p -> p.number() == number)
                .findFirst()
                .orElseThrow(() ->
                        new FaultException(
                                new JournalFault.NoSuchPoint(
                                        number,
                                        kept.isEmpty() ? 0 : kept.getFirst().number(),
                                        kept.isEmpty() ? 0 : kept.getLast().number())));
    }
}
