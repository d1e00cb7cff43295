// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.web.Refusal;
import io.redoubt.core.Bytes;
import io.redoubt.core.fault.FaultException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// How long a group's journal keeps what (rule 37): a ladder, and a quota.
///
/// **The usual quota** is three times the size of the group's volumes and 4 GiB: once for the base, once for what a whole resynchronisation
/// brings before it goes into the base, once for history; and so much that small volumes have a history, too. **The smallest** is twice
/// their size and 512 MiB, because less would not even hold the first resynchronisation.
///
/// @param ladder     youngest first; the first rung keeps every point
/// @param quotaBytes of the journal, null for the usual one
record Retention(List<Rung> ladder, @Nullable Long quotaBytes) {
    /// All of an hour, one a minute of a day, one a quarter of an hour of a week, one an hour of thirty days.
    static final Retention USUAL =
            new Retention(
                    List.of(
                            new Rung(hours(1), 0),
                            new Rung(hours(24), 60),
                            new Rung(hours(7 * 24), 900),
                            new Rung(hours(30 * 24), 3600)),
                    null);

    static final int RUNGS_MAX = 8;
    static final long FIRST_SECONDS_MIN = 60;
    static final long AGE_SECONDS_MAX = hours(10 * 365 * 24);

    /// So many are listed and looked through without anybody waiting for it.
    static final long POINTS_MAX = 20_000;

    private static final long USUAL_BYTES = 4L << 30;
    private static final long LEAST_BYTES = 512L << 20;

    /// @param untilSeconds the age of points up to which it counts
    /// @param everySeconds one point is kept of each such stretch of time; 0 for all
    record Rung(long untilSeconds, long everySeconds) {}

    Retention {
        ladder = List.copyOf(ladder);
    }

    private static long hours(int hours) {
        return Duration.ofHours(hours).toSeconds();
    }

    /// @param volumeBytes of all volumes of the group together
    long quota(long volumeBytes) {
        return quotaBytes == null ? 3 * volumeBytes + USUAL_BYTES : quotaBytes;
    }

    /// @param intervalMillis between points, which the first rung keeps all
    /// @param volumeBytes    of all volumes of the group together
    /// @throws FaultException with [Refusal.BadValue], which says what is allowed
    void require(int intervalMillis, long volumeBytes) {
        if (ladder.isEmpty() || ladder.size() > RUNGS_MAX) {
            throw bad(
                    "a ladder has 1 to %d rungs, not %d".formatted(RUNGS_MAX, ladder.size()),
                    "Leave some out.");
        }
        Rung first = ladder.getFirst();
        if (first.everySeconds() != 0 || first.untilSeconds() < FIRST_SECONDS_MIN) {
            throw bad(
                    "the first rung keeps every point for %d s or more, not one in %d s for %d s"
                            .formatted(
                                    FIRST_SECONDS_MIN, first.everySeconds(), first.untilSeconds()),
                    "Begin with everySeconds 0 and, say, untilSeconds 3600.");
        }
        for (int i = 1; i < ladder.size(); i++) {
            requireLonger(ladder.get(i - 1), ladder.get(i));
        }
        if (ladder.getLast().untilSeconds() > AGE_SECONDS_MAX) {
            throw bad(
                    "points are kept for %d s at most, not %d s"
                            .formatted(AGE_SECONDS_MAX, ladder.getLast().untilSeconds()),
                    "Name or protect the points that are to stay longer.");
        }
        if (points(intervalMillis) > POINTS_MAX) {
            throw bad(
                    "with a point every %.1f s this ladder keeps %d points; %d are possible"
                            .formatted(intervalMillis / 1000.0, points(intervalMillis), POINTS_MAX),
                    "Keep fewer of them: a shorter first rung, or longer stretches.");
        }
        long least = 2 * volumeBytes + LEAST_BYTES;
        if (quotaBytes != null && quotaBytes < least) {
            throw bad(
                    "a journal of volumes of %s together needs %s or more, not %s"
                            .formatted(
                                    new Bytes(volumeBytes),
                                    new Bytes(least),
                                    new Bytes(quotaBytes)),
                    "Give it more; the usual is %s."
                            .formatted(new Bytes(USUAL.quota(volumeBytes))));
        }
    }

    private static void requireLonger(Rung last, Rung rung) {
        if (rung.untilSeconds() <= last.untilSeconds()
                || rung.everySeconds() <= last.everySeconds()) {
            throw bad(
                    "each rung goes on longer and keeps fewer than the one before: one in %d s until %d s does not follow one in %d s until %d s"
                            .formatted(
                                    rung.everySeconds(),
                                    rung.untilSeconds(),
                                    last.everySeconds(),
                                    last.untilSeconds()),
                    "Give the rungs youngest first, with rising untilSeconds and everySeconds.");
        }
    }

    /// How many it keeps, named and protected ones apart.
    long points(int intervalMillis) {
        long points = ladder.getFirst().untilSeconds() * 1000 / intervalMillis;
        for (int i = 1; i < ladder.size(); i++) {
            Rung rung = ladder.get(i);
            long seconds = rung.untilSeconds() - ladder.get(i - 1).untilSeconds();
            points += Math.ceilDiv(seconds, rung.everySeconds());
        }
        return points;
    }

    /// As a node is told.
    io.redoubt.protocol.Retention told(long volumeBytes) {
        var told = io.redoubt.protocol.Retention.newBuilder().setQuotaBytes(quota(volumeBytes));
        for (Rung rung : ladder) {
            told.addRungs(
                    io.redoubt.protocol.Rung.newBuilder()
                            .setUntilMillis(rung.untilSeconds() * 1000)
                            .setEveryMillis(rung.everySeconds() * 1000));
        }
        return told.build();
    }

    private static FaultException bad(String message, String remedy) {
        return new FaultException(new Refusal.BadValue(message, remedy));
    }
}
