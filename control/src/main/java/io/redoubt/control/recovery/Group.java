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
/// @param state what was decided: making, protected, failing-over, failed-over, deleting
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
        String sourceNode,
        String receiverNode,
        int intervalMillis,
        long bytesBehind,
        long spoolBytes,
        @Nullable Instant sourceSeenAt,
        @Nullable Instant receiverSeenAt,
        List<String> machines,
        List<Member> volumes) {

    /// A volume of the group as its source last described it; without a state when it never did.
    record Member(
            String volume,
            String name,
            long sizeBytes,
            @Nullable String state,
            String reason,
            @Nullable Instant since,
            long bytesToCopy) {}

    /// How the group is, in one word and the reason for it.
    record Health(String state, @Nullable String reason) {}

    /// A point may be late by so much before the group is called degraded.
    private static final Duration LATE = Duration.ofSeconds(10);

    /// What is shown. Silence is never good news: a group is only called protected on fresh word from both sides.
    Health health(Optional<Point> newest, Instant now) {
        if (!state.equals("protected")) {
            return new Health(state, null);
        }
        if (silent(sourceSeenAt, now)) {
            return new Health("degraded", "no word from the source, node " + sourceNode);
        }
        if (silent(receiverSeenAt, now)) {
            return new Health("degraded", "no word from the receiver, node " + receiverNode);
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

    List<ProtectedVolume> protectedVolumes() {
        return volumes.stream()
                .map(member ->
                        ProtectedVolume.newBuilder()
                                .setVolume(member.volume())
                                .setSizeBytes(member.sizeBytes())
                                .build())
                .toList();
    }

    private static boolean silent(@Nullable Instant seenAt, Instant now) {
        return seenAt == null || seenAt.isBefore(now.minus(Region.SILENT_AFTER));
    }
}
