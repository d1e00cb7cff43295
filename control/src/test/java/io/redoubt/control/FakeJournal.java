// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import io.redoubt.protocol.CommandResult;
import io.redoubt.protocol.Fault;
import io.redoubt.protocol.JournalReport;
import io.redoubt.protocol.LabelPoint;
import io.redoubt.protocol.Point;
import io.redoubt.protocol.PointLabelled;
import io.redoubt.protocol.PointPin;
import io.redoubt.protocol.PointsListed;
import io.redoubt.protocol.ProtectPoint;
import io.redoubt.protocol.ReceiverReport;
import io.redoubt.protocol.Retention;
import io.redoubt.protocol.RetentionSet;
import io.redoubt.protocol.SetRetention;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/// The journal of a played receiver: points without writes, with the rules of protection and retention. Its points are its lock.
final class FakeJournal {
    private static final int POINTS_REPORTED_MAX = 64;

    final TreeMap<Long, Point> points = new TreeMap<>();
    final Set<Long> guarded = new TreeSet<>();
    final Map<String, Long> pins = new ConcurrentHashMap<>(); // by owner
    volatile Retention retention = Retention.getDefaultInstance();

    /// What it says of its room.
    volatile JournalReport room = JournalReport.getDefaultInstance();

    /// The point that it ended at, 0 while it goes on.
    volatile long committed;

    /// No more protected points.
    volatile boolean full;

    void become(FakeJournal before) {
        points.putAll(before.points);
        guarded.addAll(before.guarded);
        retention = before.retention;
        room = before.room;
        committed = before.committed;
    }

    void report(ReceiverReport.Builder report) {
        synchronized (points) {
            List<Point> newest = new ArrayList<>(points.descendingMap().values());
            report.addAllPoints(newest.subList(0, Math.min(POINTS_REPORTED_MAX, newest.size())))
                    .setOldestPoint(points.isEmpty() ? 0 : points.firstKey())
                    .setCommittedPoint(committed)
                    .setPointsKept(points.size())
                    .setPointsSum(points.keySet().stream().mapToLong(Long::longValue).sum())
                    .addAllProtectedPoints(guarded)
                    .setJournal(room.toBuilder().setRetention(retention));
            pins.forEach((owner, point) ->
                    report.addPins(PointPin.newBuilder().setOwner(owner).setPoint(point)));
        }
    }

    void list(long after, int limit, CommandResult.Builder result) {
        synchronized (points) {
            result.setPointsListed(
                    PointsListed.newBuilder()
                            .addAllPoints(
                                    points.tailMap(after, false).values().stream()
                                            .limit(limit)
                                            .toList()));
        }
    }

    void delete(long number, CommandResult.Builder result) {
        synchronized (points) {
            if (guarded.contains(number)) {
                refuse(result, "point-protected");
            } else {
                points.remove(number);
            }
        }
    }

    void protect(ProtectPoint wanted, CommandResult.Builder result) {
        synchronized (points) {
            if (wanted.getProtected() && full) {
                refuse(result, "no-room-to-protect");
            } else if (wanted.getNumber() != 0 && wanted.getProtected()) {
                guarded.add(wanted.getNumber());
            } else {
                guarded.remove(wanted.getNumber());
            }
        }
    }

    /// It would let go all but the newest, whatever the ladder.
    void retain(SetRetention wanted, CommandResult.Builder result) {
        synchronized (points) {
            if (!wanted.getPreview()) {
                retention = wanted.getRetention();
            }
            var going = new ArrayList<>(points.keySet());
            if (!going.isEmpty()) {
                going.removeLast();
            }
            result.setRetentionSet(
                    RetentionSet.newBuilder().addAllGoingPoints(going).setBytes(room.getBytes()));
        }
    }

    void label(LabelPoint label, CommandResult.Builder result) {
        synchronized (points) {
            Point before = points.get(label.getNumber());
            if (before == null) {
                refuse(result, "no-such-point");
                return;
            }
            boolean whole =
                    label.getFailuresCount() == 0
                            && label.getVolumesList().containsAll(before.getVseqsMap().keySet());
            Point now =
                    before.toBuilder()
                            .setApplicationConsistent(whole)
                            .clearFreezeFailures()
                            .addAllFreezeFailures(label.getFailuresList())
                            .build();
            points.put(label.getNumber(), now);
            result.setPointLabelled(PointLabelled.newBuilder().setPoint(now));
        }
    }

    static void refuse(CommandResult.Builder result, String code) {
        result.setFault(
                Fault.newBuilder()
                        .setCode(code)
                        .setMessage("the node says " + code)
                        .setRemedy("Do something else."));
    }
}
