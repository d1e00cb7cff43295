// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.protocol.FreezeFailure;
import io.redoubt.protocol.JournalPressure;
import io.redoubt.protocol.JournalReport;
import io.redoubt.protocol.LiveView;
import io.redoubt.protocol.Point;
import io.redoubt.protocol.PointPin;
import io.redoubt.protocol.ReceiverReport;
import io.redoubt.protocol.Retention;
import io.redoubt.storage.journal.Housekeeping;
import io.redoubt.storage.journal.JournalRoom;
import io.redoubt.storage.journal.Pin;
import io.redoubt.storage.journal.PointTag;
import io.redoubt.storage.journal.RecoveryPoint;
import io.redoubt.storage.journal.Roles;
import io.redoubt.storage.replication.HostedReceiver;
import java.util.List;

/// What is told of a journal every second: its newest points, a sum that tells whether the others are known, which of all points are
/// protected or held, and its room.
final class ReceiverReports {
    private static final int POINTS_REPORTED_MAX = 64;

    private ReceiverReports() {}

    static ReceiverReport of(
            String group,
            HostedReceiver hosted,
            Retention retention,
            List<String> openViews,
            List<LiveView> live,
            long membership) {
        HostedReceiver.Standing standing = hosted.standing();
        List<RecoveryPoint> points = hosted.pointsAndBranch();
        Roles roles = hosted.roles();
        var report =
                ReceiverReport.newBuilder()
                        .setGroup(group)
                        .setTerm(roles.term())
                        .setStopped(roles.stopped())
                        .setPromoted(roles.promoted())
                        .setIsolation(Isolations.told(roles.isolation()))
                        .addAllLiveViews(live)
                        .setMembership(membership)
                        .setCommittedPoint(hosted.journal().branch().committed().orElse(0))
                        .setOldestPoint(points.isEmpty() ? 0 : points.getFirst().number())
                        .addAllOpenViews(openViews)
                        .setPointsKept(points.size())
                        .setPointsSum(points.stream().mapToLong(RecoveryPoint::number).sum())
                        .addAllProtectedPoints(standing.guarded().stream().sorted().toList())
                        .setJournal(journal(standing, retention));
        for (int i = points.size() - 1;
                i >= Math.max(0, points.size() - POINTS_REPORTED_MAX);
                i--) {
            report.addPoints(point(points.get(i)));
        }
        if (!hosted.points().isEmpty()) {
            hosted.points()
                    .getLast()
                    .vector()
                    .keySet()
                    .forEach(volume -> report.addCountedVolumes(volume.value()));
        }
        standing.pins().forEach(pin -> report.addPins(pin(pin)));
        return report.build();
    }

    private static PointPin.Builder pin(Pin pin) {
        var told = PointPin.newBuilder().setPoint(pin.point()).setOwner(pin.owner());
        Pin.At at = pin.at();
        if (at != null) {
            told.setVolume(at.volume().value()).setVseq(at.vseq());
        }
        return told;
    }

    private static JournalReport journal(HostedReceiver.Standing standing, Retention retention) {
        Housekeeping.Report room = standing.room();
        var report =
                JournalReport.newBuilder()
                        .setBytes(room.room().bytes())
                        .setLimitBytes(room.room().quotaBytes())
                        .setPinnedBytes(room.room().pinnedBytes())
                        .setPressure(pressure(room.pressure()))
                        .setCutsGivenUp(standing.cutsGivenUp())
                        .setRetention(retention);
        room.fullInMillis().ifPresent(report::setFullInMillis);
        return report.build();
    }

    private static JournalPressure pressure(JournalRoom.Pressure pressure) {
        return switch (pressure) {
            case NONE -> JournalPressure.JOURNAL_EASY;
            case THINNING -> JournalPressure.JOURNAL_THINNING;
            case SHORTENING -> JournalPressure.JOURNAL_SHORTENING;
            case STOPPED -> JournalPressure.JOURNAL_STOPPED;
        };
    }

    /// With the numbers that it holds, which would make a report long.
    static Point whole(RecoveryPoint point) {
        Point.Builder told = point(point).toBuilder();
        point.vector().forEach((volume, vseq) -> told.putVseqs(volume.value(), vseq));
        return told.build();
    }

    static Point point(RecoveryPoint point) {
        PointTag tag = point.tag();
        var told =
                Point.newBuilder()
                        .setNumber(point.number())
                        .setStampMillis(point.stampMillis())
                        .setTag(!tag.named() && point.afterSync() ? "after-sync" : tag.name())
                        .setPublishedAtMillis(point.publishedMillis())
                        .setName(tag.name())
                        .setAfterSync(point.afterSync())
                        .setApplicationConsistent(
                                tag.consistency() == PointTag.Consistency.APPLICATION)
                        .setTakenBy(tag.by())
                        .setOrder(tag.order());
        tag.failures()
                .forEach(failure ->
                        told.addFreezeFailures(
                                FreezeFailure.newBuilder()
                                        .setMachine(failure.machine())
                                        .setReason(failure.reason())));
        return told.build();
    }
}
