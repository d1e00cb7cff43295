// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.protocol.StopManner;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// One recovery of a group at one point: a test beside the source, or the real thing.
///
/// @param point of a move the newest one, until its own last point is published
/// @param compared once its group was reversed: why all of it is compared, null when what differs is known
/// @param copiedWhole once its group was reversed: old volumes that were not on the node of the journal. They are as they were left, and nobody's part
/// @param state running, active, failed, deleting, deleted; rolling-back, rolled-back; committing, committed; reversed
/// @param term  of the decision; of the group as it is for a test
/// @param node  where the machines come up
record Failover(
        String id,
        String tenant,
        String group,
        Kind kind,
        String state,
        String operation,
        long term,
        Point point,
        String view,
        String node,
        Instant decidedAt,
        List<Release> releases,
        @Nullable Instant drainedAt,
        boolean nothingLost,
        @Nullable Instant grantsEndedAt,
        @Nullable Instant viewOpenAt,
        @Nullable Instant startedAt,
        @Nullable Instant guestReadyAt,
        @Nullable String compared,
        List<String> copiedWhole,
        List<Copy> machines,
        List<Disk> disks) {

    /// Of one that was taken over from a receiver, see [Adoptions].
    static final String UNKNOWN_OPERATION = "";

    /// Of one that was taken over together with what a person had said.
    static final String BREAK_GLASS = "break-glass";

    enum Kind {
        /// Copies beside the machines.
        TEST,
        /// The machines, whatever became of their old place.
        LIVE,
        /// The machines, stopped cleanly, with all that they wrote.
        MOVE
    }

    /// How a machine of a move came to its end.
    enum Stop {
        /// It was off already.
        OFF,
        /// The guest shut itself down.
        GUEST,
        /// It did not in time, so its power went.
        POWER;

        static Stop of(StopManner manner) {
            return switch (manner) {
                case BY_GUEST -> GUEST;
                case BY_POWER -> POWER;
                case WAS_OFF, STOP_MANNER_UNSPECIFIED, UNRECOGNIZED -> OFF;
            };
        }

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// @param copy    what runs; the machine itself in a live failover and in a move
    /// @param stopped of a move: off, guest or power
    record Copy(String machine, String copy, @Nullable String stopped) {}

    /// What one of the group's sources has said to a live one; a test asks nobody.
    ///
    /// @param vseqs of each of its volumes, the last number written
    record Release(String node, boolean released, Map<String, Long> vseqs) {}

    /// @param copy     the machine that holds the view's volume
    /// @param position among that machine's disks
    record Disk(String volume, String viewVolume, String copy, int position, String nonce) {}

    /// Where the time went, one after the other, so that the parts add up to the whole. A part that was not reached is null.
    ///
    /// @param stopMillis of a move alone: until the machines were stopped and their last point published
    record Rto(
            @Nullable Long totalMillis,
            @Nullable Long stopMillis,
            @Nullable Long grantsMillis,
            @Nullable Long viewMillis,
            @Nullable Long startMillis,
            @Nullable Long bootMillis) {}

    /// Whether every source has given its right up; one that has not is waited for until the grants have expired.
    boolean released() {
        return !releases.isEmpty() && releases.stream().allMatch(Release::released);
    }

    /// The last numbers of the volumes whose sources have released.
    Map<String, Long> releasedVseqs() {
        var vseqs = new TreeMap<String, Long>();
        releases.forEach(release -> vseqs.putAll(release.vseqs()));
        return vseqs;
    }

    Rto rto() {
        // What ran at the same time as the waiting for grants cost only what it took beyond that.
        @Nullable Instant grants = kind == Kind.TEST ? decidedAt : grantsEndedAt;
        @Nullable Instant ready = later(grants, viewOpenAt);
        return new Rto(
                between(decidedAt, guestReadyAt),
                kind == Kind.MOVE ? between(decidedAt, drainedAt) : null,
                between(kind == Kind.MOVE ? drainedAt : decidedAt, grants),
                between(grants, ready),
                between(ready, startedAt),
                between(startedAt, guestReadyAt));
    }

    /// How old the point was when the decision fell. A move loses nothing once that was checked; before, nobody knows.
    @Nullable Duration rpo() {
        if (kind == Kind.MOVE) {
            return nothingLost ? Duration.ZERO : null;
        }
        // When somebody decided it elsewhere is known only where that was said.
        return operation.equals(UNKNOWN_OPERATION)
                ? null
                : Duration.between(point.stamp(), decidedAt);
    }

    private static @Nullable Instant later(@Nullable Instant one, @Nullable Instant other) {
        if (one == null || other == null) {
            return null;
        }
        return one.isAfter(other) ? one : other;
    }

    private static @Nullable Long between(@Nullable Instant from, @Nullable Instant to) {
        return from == null || to == null ? null : Duration.between(from, to).toMillis();
    }
}
