// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.region.Region;
import io.redoubt.protocol.ProtectedVolume;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The volumes that recover together, and what is known of both sides.
///
/// @param streamBytesPerSecond of all its sources together, 0 for no limit
/// @param membership           rises with every change of its members
/// @param leavingSources       nodes that have no volume of it any more and have not been told so; none of the other lists has what is leaving
/// @param state what was decided: making, protected, failing-over, failed-over, rolling-back, reversing, deleting
record Group(
        String id,
        String tenant,
        String name,
        String state,
        long term,
        boolean stopped,
        boolean promoted,
        String lineage,
        String sourceZone,
        String targetZone,
        List<Source> sources,
        String receiverNode,
        int intervalMillis,
        long streamBytesPerSecond,
        WhenIsolated whenIsolated,
        @Nullable Instant receiverSeenAt,
        List<String> machines,
        List<Member> volumes,
        long membership,
        List<String> leavingSources) {

    /// A node with volumes of the group, as it last described itself.
    ///
    /// @param name      that it joined the region with, for people
    /// @param makesCuts whether it is the coordinator; after a change two may say so for a second
    /// @param alone     whether it acknowledges without a grant, as far as it was heard
    record Source(
            String node,
            String name,
            long bytesBehind,
            long spoolBytes,
            boolean makesCuts,
            boolean alone,
            @Nullable Instant seenAt) {

        /// One that has not spoken yet.
        static Source unheard(String node, String name) {
            return new Source(node, name, 0, 0, false, false, null);
        }
    }

    /// A volume of the group as its source last described it; without a state when it never did.
    ///
    /// @param node       that writes it, one of the sources
    /// @param joining    not every node of the group has been told of it yet
    /// @param firstPoint that holds it, or a later one; null when none does yet
    record Member(
            String volume,
            String node,
            String name,
            long sizeBytes,
            @Nullable String state,
            String reason,
            @Nullable Instant since,
            long bytesToCopy,
            boolean joining,
            @Nullable Long firstPoint) {

        boolean isIn(long point) {
            return firstPoint != null && firstPoint <= point;
        }
    }

    /// The one side that writes (A94). After a decision nobody does until the receiver is promoted: that no source writes any more is not
    /// known before.
    @Nullable String activeZone() {
        if (promoted) {
            return targetZone;
        }
        return stopped ? null : sourceZone;
    }

    @Nullable String passiveZone() {
        if (promoted) {
            return sourceZone;
        }
        return stopped ? null : targetZone;
    }

    /// How the group is, in one word and the reason for it.
    record Health(String state, @Nullable String reason) {}

    /// A point may be late by so much before the group is called degraded.
    private static final Duration LATE = Duration.ofSeconds(10);

    /// What is shown. Silence is never good news: a group is only called protected on fresh word from both sides.
    Health health(Optional<Point> newest, Instant now) {
        if (!state.equals("protected")) {
            return new Health(state, null);
        }
        for (Source source : sources) {
            if (silent(source.seenAt(), now)) {
                return new Health("degraded", "no word from the source, node " + source.name());
            }
        }
        if (silent(receiverSeenAt, now)) {
            return new Health("degraded", "no word from the receiver, node " + receiverNode);
        }
        for (Source source : sources) {
            if (source.alone()) {
                return new Health(
                        "degraded",
                        "node %s goes on alone: no grantor answers it".formatted(source.name()));
            }
        }
        for (Member volume : volumes) {
            if ("TRACK".equals(volume.state())) {
                return new Health(
                        "degraded",
                        "volume %s is tracked: %s".formatted(volume.name(), volume.reason()));
            }
        }
        for (Member volume : volumes) {
            if (!"STREAM".equals(volume.state())) {
                return new Health("syncing", "volume " + volume.name() + " is being copied");
            }
        }
        if (newest.isEmpty()) {
            return new Health("syncing", "no recovery point yet");
        }
        Duration age = Duration.between(newest.get().stamp(), now);
        if (age.compareTo(LATE.plusMillis(2L * intervalMillis)) > 0) {
            return new Health(
                    "degraded", "the newest recovery point is %d s old".formatted(age.toSeconds()));
        }
        return new Health("protected", null);
    }

    /// Whether somebody joins now: whoever is told of it in which order is the operation's then.
    boolean takesIn() {
        return volumes.stream().anyMatch(Member::joining);
    }

    boolean hasSource(String node) {
        return sources.stream().anyMatch(source -> source.node().equals(node));
    }

    long bytesBehind() {
        return sources.stream().mapToLong(Source::bytesBehind).sum();
    }

    long spoolBytes() {
        return sources.stream().mapToLong(Source::spoolBytes).sum();
    }

    /// When the source spoke that has been silent the longest; null when one never did.
    @Nullable Instant sourceSeenAt() {
        Instant oldest = Instant.MAX;
        for (Source source : sources) {
            Instant seen = source.seenAt();
            if (seen == null) {
                return null;
            }
            oldest = seen.isBefore(oldest) ? seen : oldest;
        }
        return oldest;
    }

    List<Member> volumesOn(String node) {
        return volumes.stream().filter(member -> member.node().equals(node)).toList();
    }

    List<ProtectedVolume> protectedVolumes() {
        return protectedOf(volumes);
    }

    List<ProtectedVolume> protectedVolumesOn(String node) {
        return protectedOf(volumesOn(node));
    }

    private static List<ProtectedVolume> protectedOf(List<Member> members) {
        return members.stream()
                .map(member ->
                        ProtectedVolume.newBuilder()
                                .setVolume(member.volume())
                                .setSizeBytes(member.sizeBytes())
                                .build())
                .toList();
    }

    static boolean silent(@Nullable Instant seenAt, Instant now) {
        return seenAt == null || seenAt.isBefore(now.minus(Region.SILENT_AFTER));
    }
}
