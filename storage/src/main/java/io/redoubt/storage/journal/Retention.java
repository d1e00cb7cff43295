// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.storage.journal.Ladder.Rung;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Which points go: pure functions of the points and the time.
///
/// A point's age is the receiver's time since it was published, and never counts on behind the newest point: while nothing comes, nothing
/// goes. Which points share a stretch of time is told by their stamps, so that a backlog that arrives at once is thinned as if it had
/// come in time.
final class Retention {
    private Retention() {}

    /// The points that the ladder does not keep. The newest, named, protected and pinned ones are never among them.
    ///
    /// @param points  oldest first
    /// @param guarded numbers of protected points
    /// @param pinned  numbers of pinned ones
    static List<Long> toDrop(
            List<RecoveryPoint> points,
            long nowMillis,
            Ladder ladder,
            Set<Long> guarded,
            Set<Long> pinned) {
        var drop = new ArrayList<Long>();
        Set<List<Long>> taken = new HashSet<>();
        for (RecoveryPoint point : points) {
            if (!ladderKeeps(point, ageMillis(points, point, nowMillis), ladder, taken)
                    && mayGo(points, point, guarded, pinned)) {
                drop.add(point.number());
            }
        }
        return drop;
    }

    /// The points that go next when there is no room, oldest first: a quarter of those that may go, at least one of them.
    static List<Long> toShorten(List<RecoveryPoint> points, Set<Long> guarded, Set<Long> pinned) {
        List<Long> candidates =
                points.stream()
                        .filter(p -> mayGo(points, p, guarded, pinned))
                        .map(RecoveryPoint::number)
                        .toList();
        return candidates.subList(0, Math.ceilDiv(candidates.size(), 4));
    }

    private static boolean mayGo(
            List<RecoveryPoint> points, RecoveryPoint point, Set<Long> guarded, Set<Long> pinned) {
        return point.number() != points.getLast().number()
                && !point.tag().named()
                && !guarded.contains(point.number())
                && !pinned.contains(point.number());
    }

    /// The oldest point of the dense window, the newest one when none is so young.
    ///
    /// @param points at least one
    static RecoveryPoint dense(List<RecoveryPoint> points, long nowMillis, Ladder ladder) {
        return points.stream()
                .filter(p -> ageMillis(points, p, nowMillis) <= ladder.dense().toMillis())
                .findFirst()
                .orElse(points.getLast());
    }

    private static long ageMillis(List<RecoveryPoint> points, RecoveryPoint point, long now) {
        long until = Math.min(now, points.getLast().publishedMillis());
        return Math.max(0, until - point.publishedMillis());
    }

    /// @param taken the stretches of time that have their point, as rung and number
    private static boolean ladderKeeps(
            RecoveryPoint point, long ageMillis, Ladder ladder, Set<List<Long>> taken) {
        for (int i = 0; i < ladder.rungs().size(); i++) {
            Rung rung = ladder.rungs().get(i);
            if (ageMillis <= rung.until().toMillis()) {
                return rung.every().isZero()
                        || taken.add(
                                List.of(
                                        (long) i,
                                        Math.floorDiv(
                                                point.stampMillis(), rung.every().toMillis())));
            }
        }
        return false;
    }
}
