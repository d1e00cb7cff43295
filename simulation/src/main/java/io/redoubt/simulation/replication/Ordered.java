// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.replication;

import io.redoubt.core.VolumeId;
import io.redoubt.simulation.machine.Violation;
import io.redoubt.storage.journal.RecoveryPoint;
import java.util.ArrayList;
import java.util.List;

/// I2: when a write was submitted after another one's end, no point has the later one without the earlier one, on whatever volumes.
///
/// The end counts, not the reply: whoever read what a write left may depend on it.
final class Ordered {
    private final List<Write> writes = new ArrayList<>();

    /// @param submitted and `ended` on one clock of whatever kind that only rises
    private record Write(VolumeId volume, long vseq, long submitted, long ended) {
        boolean in(RecoveryPoint point) {
            return vseq <= point.vector().getOrDefault(volume, 0L);
        }
    }

    void wrote(VolumeId volume, long vseq, long submitted, long ended) {
        writes.add(new Write(volume, vseq, submitted, ended));
    }

    void require(RecoveryPoint point) {
        Write missing = null;
        for (Write write : writes) {
            if (point.vector().containsKey(write.volume)
                    && !write.in(point)
                    && (missing == null || write.ended < missing.ended)) {
                missing = write;
            }
        }
        if (missing == null) {
            return;
        }
        for (Write write : writes) {
            if (write.submitted > missing.ended && write.in(point)) {
                throw new Violation(
                        "I2: point %d holds write %d of %s and not write %d of %s, which had ended before it began"
                                .formatted(
                                        point.number(),
                                        write.vseq,
                                        write.volume,
                                        missing.vseq,
                                        missing.volume));
            }
        }
    }
}
