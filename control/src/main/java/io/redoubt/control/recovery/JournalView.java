// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A group's journal as the API shows it: what it keeps, what room that takes, and what did not become a point.
///
/// @param ladder              how many points are kept of each age
/// @param quotaBytes          three times the size of the volumes and 4 GiB, unless something else was asked for
/// @param bytes               in use; null until the receiver has told
/// @param limitBytes          the quota, or less when its disk has less left
/// @param percent             of the limit that is in use
/// @param alarm               `thinning` from 75 % on, `shortening` from 85 % on, `stopped` when no data is taken; else null
/// @param fullInSeconds       by the growth of the last hour; null when it does not grow, or the receiver is silent
/// @param pinnedBytes         kept only because somebody looks at a point
/// @param cutsGivenUpSource   that the sources could not make, since the start of their processes
/// @param cutsGivenUpReceiver that did not become points at the receiver, since the start of its process
record JournalView(
        List<Retention.Rung> ladder,
        long quotaBytes,
        @Nullable Long bytes,
        @Nullable Long limitBytes,
        @Nullable Integer percent,
        @Nullable String alarm,
        @Nullable Double fullInSeconds,
        @Nullable Long pinnedBytes,
        long cutsGivenUpSource,
        @Nullable Long cutsGivenUpReceiver) {

    static JournalView of(Group group, Retention retention, GroupStates states) {
        long quota = retention.quota(Retentions.volumeBytes(group));
        long atSources = states.cutsGivenUpAtSources(group.id());
        Optional<GroupStates.Journal> told = states.journal(group.id());
        if (told.isEmpty()) {
            return new JournalView(
                    retention.ladder(), quota, null, null, null, null, null, null, atSources, null);
        }
        GroupStates.Journal journal = told.get();
        return new JournalView(
                retention.ladder(),
                quota,
                journal.bytes(),
                journal.limitBytes(),
                percent(journal),
                journal.pressure() == GroupStates.Pressure.NONE
                        ? null
                        : journal.pressure().name().toLowerCase(Locale.ROOT),
                Group.silent(group.receiverSeenAt(), Instant.now())
                        ? null
                        : seconds(journal.fullInMillis()),
                journal.pinnedBytes(),
                atSources,
                journal.cutsGivenUp());
    }

    private static int percent(GroupStates.Journal journal) {
        return journal.limitBytes() == 0
                ? 0
                : (int) Math.min(100, 100.0 * journal.bytes() / journal.limitBytes());
    }

    static @Nullable Double seconds(@Nullable Long millis) {
        return millis == null ? null : millis / 1000.0;
    }
}
