// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.core.port.Clock;
import io.redoubt.protocol.ReplicationState;
import io.redoubt.protocol.SourceReport;
import io.redoubt.protocol.SourceVolumeReport;
import io.redoubt.storage.replication.Mode;
import io.redoubt.storage.replication.SourceLimits;
import io.redoubt.storage.replication.SourceLink;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/// What is told of a group's source every second, with what can be expected of each volume by what was told before.
final class SourceReports {
    private final Clock clock;
    private final SourceLimits limits;
    private final Map<String, Course> courses = new ConcurrentHashMap<>();

    /// Another mode is another beginning: a pass does not go on at the pace at which the map grew before.
    private record Course(ReplicationState state, Trend copy, Trend spool) {}

    SourceReports(Clock clock, SourceLimits limits) {
        this.clock = clock;
        this.limits = limits;
    }

    SourceReport.Builder of(String group, SourceLink link) {
        SourceLink.Status status = link.status();
        var report = SourceReport.newBuilder().setGroup(group).setCutsGivenUp(link.cutsGivenUp());
        for (SourceLink.VolumeStatus volume : status.volumes()) {
            String reason =
                    status.connected() || volume.mode() != Mode.STREAM
                            ? volume.reason()
                            : status.trouble();
            report.addVolumes(volume(volume).setReason(reason));
            report.setSpoolBytes(report.getSpoolBytes() + volume.spoolBytes());
            report.setBytesBehind(
                    report.getBytesBehind() + volume.spoolBytes() + volume.dirtyBytes());
        }
        return report;
    }

    private SourceVolumeReport.Builder volume(SourceLink.VolumeStatus volume) {
        var report =
                SourceVolumeReport.newBuilder()
                        .setVolume(volume.volume())
                        .setState(state(volume.mode()))
                        .setSinceMillis(volume.sinceMillis())
                        .setBytesToCopy(volume.dirtyBytes())
                        .setSpoolBytes(volume.spoolBytes())
                        .setSpoolQuotaBytes(limits.spoolBytes());
        Course course =
                courses.compute(
                        volume.volume(),
                        (_, before) ->
                                before != null && before.state == report.getState()
                                        ? before
                                        : new Course(report.getState(), new Trend(), new Trend()));
        long now = TimeUnit.NANOSECONDS.toMillis(clock.bootNanos());
        synchronized (course) {
            course.copy.look(now, volume.dirtyBytes());
            course.spool.look(now, volume.spoolBytes());
            course.copy.millisUntilNone().ifPresent(report::setCopiedInMillis);
            course.spool.millisUntil(limits.spoolBytes()).ifPresent(report::setSpoolFullInMillis);
        }
        return report;
    }

    void forget(String volume) {
        courses.remove(volume);
    }

    private static ReplicationState state(Mode mode) {
        return switch (mode) {
            case STREAM -> ReplicationState.STREAM;
            case TRACK -> ReplicationState.TRACK;
            case SYNC, SYNC_TRACK -> ReplicationState.SYNC;
        };
    }
}
