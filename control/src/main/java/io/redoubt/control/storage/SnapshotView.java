// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.storage;

import io.redoubt.protocol.SnapshotInfo;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A snapshot as the API shows it.
///
/// @param parent    the name of the one that the volume stood on when this one was made
/// @param current   the volume stands on it: it was made last, or reverted to
/// @param sizeBytes of the volume at that time; null while its node does not answer
/// @param ownBytes  what deleting it alone frees; null while its node does not answer
/// @param state     making, ready, broken, deleting
/// @param reason    why it is broken, or why its node does not say more
record SnapshotView(
        String id,
        String name,
        @Nullable String parent,
        boolean current,
        Instant createdAt,
        @Nullable Long sizeBytes,
        @Nullable Long ownBytes,
        String state,
        @Nullable String reason) {
    static final String NOT_THERE = "its node does not have it";

    /// @param usedBytes  of saved data, of all snapshots together; null while the node does not answer
    /// @param quotaBytes of saved data at most
    record Page(
            List<SnapshotView> items,
            @Nullable String next,
            @Nullable Long usedBytes,
            @Nullable Long quotaBytes) {}

    record Range(long offset, long length) {}

    /// @param to           null for now
    /// @param sizeBytes    of the later of the two
    /// @param changedBytes of all ranges, also of those on other pages
    record Changes(
            String from,
            @Nullable String to,
            long sizeBytes,
            long changedBytes,
            List<Range> items,
            @Nullable String next) {}

    static SnapshotView of(Snapshots.Snapshot snapshot, Snapshots.Known known) {
        return of(snapshot, known, known.byName());
    }

    static SnapshotView of(
            Snapshots.Snapshot snapshot, Snapshots.Known known, Map<String, SnapshotInfo> infos) {
        SnapshotInfo info = infos.get(snapshot.nodeName());
        String state = snapshot.state();
        String reason = known.silence();
        if (state.equals("ready") && known.listed() != null) {
            reason = info == null ? NOT_THERE : info.getBroken();
            state = reason.isEmpty() ? state : "broken";
        }
        boolean current =
                known.listed() != null && known.listed().getCurrent().equals(snapshot.nodeName());
        return new SnapshotView(
                snapshot.id(),
                snapshot.name(),
                info == null || info.getParent().isEmpty() ? null : personal(info.getParent()),
                current,
                info == null ? snapshot.createdAt() : Instant.ofEpochMilli(info.getCreatedMillis()),
                info == null ? null : info.getSizeBytes(),
                info == null ? null : info.getOwnBytes(),
                state,
                reason == null || reason.isEmpty() ? null : reason);
    }

    /// The name without the id.
    private static String personal(String nodeName) {
        int at = nodeName.indexOf('@');
        return at < 0 ? nodeName : nodeName.substring(0, at);
    }
}
