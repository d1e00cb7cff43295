// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A protection group as the API shows it.
///
/// @param streamBytesPerSecond what its streams may take of the links together, 0 for no limit
/// @param activeZone  where the machines run and write; null between a failover's decision and its promotion, when no side may
/// @param passiveZone where nobody writes: the other zone; null while no zone is active
/// @param rpoAlarmSeconds at which age of the newest point the alarm `rpo` is raised
/// @param alarms what is wrong now: `rpo`, `journal`
/// @param rpoSeconds now minus the stamp of the newest published point, whatever is up or down; null before the first
record GroupView(
        String id,
        String name,
        String state,
        @Nullable String reason,
        long term,
        String lineage,
        List<String> machines,
        String sourceZone,
        String targetZone,
        @Nullable String activeZone,
        @Nullable String passiveZone,
        List<SourceView> sourceNodes,
        String receiverNode,
        double intervalSeconds,
        long streamBytesPerSecond,
        String whenIsolated,
        boolean mayGoOnAlone,
        @Nullable Double rpoSeconds,
        double rpoAlarmSeconds,
        List<String> alarms,
        @Nullable PointView newestPoint,
        long bytesBehind,
        long spoolBytes,
        @Nullable Instant sourceSeenAt,
        @Nullable Instant receiverSeenAt,
        List<MemberView> volumes,
        JournalView journal) {

    /// @param node      whose volumes they are
    /// @param name      of the node
    /// @param makesCuts whether it is the group's coordinator now
    record SourceView(
            String node,
            String name,
            boolean makesCuts,
            long bytesBehind,
            long spoolBytes,
            @Nullable Instant seenAt) {}

    /// @param node               of the sources, the one that writes it
    /// @param secondsLeft        until its bytes to copy are copied, by the pace of the last minute; null when that tells nothing
    /// @param spoolBytes         written and not yet durable in the other zone
    /// @param spoolQuotaBytes    at which the volume is tracked
    /// @param spoolFullInSeconds by the growth of the last minute; null when it does not grow
    record MemberView(
            String volume,
            String node,
            String name,
            @Nullable String state,
            String reason,
            @Nullable Instant since,
            long bytesToCopy,
            @Nullable Double secondsLeft,
            long spoolBytes,
            long spoolQuotaBytes,
            @Nullable Double spoolFullInSeconds) {}

    static GroupView of(
            Group group,
            @Nullable Point newest,
            Map<String, GroupStates.Spool> spools,
            JournalView journal,
            double rpoAlarmSeconds,
            List<String> alarms,
            Instant now) {
        boolean silent = Group.silent(group.sourceSeenAt(), now);
        Group.Health health = group.health(java.util.Optional.ofNullable(newest), now);
        @Nullable PointView point = newest == null ? null : PointView.of(newest, now);
        return new GroupView(
                group.id(),
                group.name(),
                health.state(),
                health.reason(),
                group.term(),
                group.lineage(),
                group.machines(),
                group.sourceZone(),
                group.targetZone(),
                group.activeZone(),
                group.passiveZone(),
                group.sources().stream().map(GroupView::source).toList(),
                group.receiverNode(),
                group.intervalMillis() / 1000.0,
                group.streamBytesPerSecond(),
                group.whenIsolated().wish().word(),
                group.whenIsolated().mayGoOn(),
                point == null ? null : point.ageSeconds(),
                rpoAlarmSeconds,
                alarms,
                point,
                group.bytesBehind(),
                group.spoolBytes(),
                group.sourceSeenAt(),
                group.receiverSeenAt(),
                group.volumes().stream()
                        .map(member -> member(member, spools.get(member.volume()), silent))
                        .toList(),
                journal);
    }

    private static SourceView source(Group.Source source) {
        return new SourceView(
                source.node(),
                source.name(),
                source.makesCuts(),
                source.bytesBehind(),
                source.spoolBytes(),
                source.seenAt());
    }

    /// @param silent what its source expected last is not expected any more
    private static MemberView member(
            Group.Member member, GroupStates.@Nullable Spool spool, boolean silent) {
        GroupStates.@Nullable Spool expected = silent ? null : spool;
        return new MemberView(
                member.volume(),
                member.node(),
                member.name(),
                member.state(),
                member.reason(),
                member.since(),
                member.bytesToCopy(),
                expected == null ? null : JournalView.seconds(expected.copiedInMillis()),
                spool == null ? 0 : spool.bytes(),
                spool == null ? 0 : spool.quotaBytes(),
                expected == null ? null : JournalView.seconds(expected.spoolFullInMillis()));
    }
}
