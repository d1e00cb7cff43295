// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// A recovery point as the API shows it in a list or by itself.
///
/// @param tag         the name, or `after-sync`, or nothing
/// @param branch      it lies above the point of a failover that was committed: it can be opened, and is never the newest
/// @param isProtected   it goes only when it is released and deleted
/// @param pinnedBy    who looks at it now: it stays until they have done
/// @param consistency `application`: the file systems of every running guest were frozen; else `crash`
/// @param takenBy     null for the periodic ones
/// @param writes      the last write of each volume that it holds: a number between those of two points is between them. Null in lists, and when
///                    the node of the journal does not answer
record RecoveryPointView(
        long number,
        Instant at,
        String tag,
        Instant publishedAt,
        double ageSeconds,
        @Nullable String name,
        boolean afterSync,
        boolean branch,
        @JsonProperty("protected") boolean isProtected,
        List<String> pinnedBy,
        String consistency,
        @Nullable String takenBy,
        List<KeptPoint.FreezeFailure> freezeFailures,
        @Nullable List<LastWrite> writes) {

    /// The last write of a volume that a point holds.
    record LastWrite(String volume, long write) {}

    static RecoveryPointView of(KeptPoint kept, Instant now) {
        PointView point = PointView.of(kept.point(), now);
        return new RecoveryPointView(
                point.number(),
                point.at(),
                point.tag(),
                point.publishedAt(),
                point.ageSeconds(),
                kept.name(),
                kept.afterSync(),
                kept.branch(),
                kept.isProtected(),
                kept.pinnedBy(),
                kept.consistency().name().toLowerCase(Locale.ROOT),
                kept.takenBy(),
                kept.failures(),
                null);
    }

    /// With the last write of each volume; null when the node that knows them did not answer.
    RecoveryPointView with(@Nullable List<LastWrite> known) {
        return new RecoveryPointView(
                number,
                at,
                tag,
                publishedAt,
                ageSeconds,
                name,
                afterSync,
                branch,
                isProtected,
                pinnedBy,
                consistency,
                takenBy,
                freezeFailures,
                known);
    }
}
