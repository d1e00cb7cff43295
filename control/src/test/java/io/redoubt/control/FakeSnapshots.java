// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import io.redoubt.protocol.ByteRange;
import io.redoubt.protocol.ChangesListed;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.CommandResult;
import io.redoubt.protocol.ListChanges;
import io.redoubt.protocol.SnapshotInfo;
import io.redoubt.protocol.SnapshotsListed;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// The snapshots of a played node: names, and every second mebibyte as changed.
public final class FakeSnapshots {
    static final long MEBIBYTE = 1 << 20;

    private final Map<String, Map<String, SnapshotInfo>> byVolume = new ConcurrentHashMap<>();
    private final Map<String, String> current = new ConcurrentHashMap<>();
    private final List<String> reverts = new ArrayList<>();

    synchronized void obey(Command command, CommandResult.Builder result) {
        switch (command.getCommandCase()) {
            case CREATE_SNAPSHOT -> {
                var wanted = command.getCreateSnapshot();
                String parent = current.getOrDefault(wanted.getVolume(), "");
                of(wanted.getVolume())
                        .putIfAbsent(
                                wanted.getSnapshot(),
                                SnapshotInfo.newBuilder()
                                        .setSnapshot(wanted.getSnapshot())
                                        .setParent(parent)
                                        .setCreatedMillis(System.currentTimeMillis())
                                        .setSizeBytes(64 * MEBIBYTE)
                                        .setOwnBytes(65536)
                                        .build());
                current.put(wanted.getVolume(), wanted.getSnapshot());
                result.setSnapshotsListed(list(wanted.getVolume()));
            }
            case DELETE_SNAPSHOT -> {
                var gone = command.getDeleteSnapshot();
                of(gone.getVolume()).remove(gone.getSnapshot());
                result.setSnapshotsListed(list(gone.getVolume()));
            }
            case REVERT_SNAPSHOT -> {
                var target = command.getRevertSnapshot();
                reverts.add(target.getSnapshot());
                current.put(target.getVolume(), target.getSnapshot());
                result.setSnapshotsListed(list(target.getVolume()));
            }
            case LIST_SNAPSHOTS ->
                    result.setSnapshotsListed(list(command.getListSnapshots().getVolume()));
            case LIST_CHANGES -> result.setChangesListed(changes(command.getListChanges()));
            default -> throw new IllegalArgumentException(command.getCommandCase().name());
        }
    }

    /// What the node calls them.
    public synchronized List<String> names(String volume) {
        return List.copyOf(of(volume).keySet());
    }

    /// Every revert that it was told, in order.
    public synchronized List<String> reverts() {
        return List.copyOf(reverts);
    }

    synchronized void breaks(String volume, String reason) {
        of(volume)
                .replaceAll((_, info) -> info.toBuilder().setBroken(reason).setOwnBytes(0).build());
    }

    private Map<String, SnapshotInfo> of(String volume) {
        return byVolume.computeIfAbsent(volume, _ -> new LinkedHashMap<>());
    }

    private SnapshotsListed list(String volume) {
        return SnapshotsListed.newBuilder()
                .addAllSnapshots(of(volume).values())
                .setCurrent(current.getOrDefault(volume, ""))
                .setUsedBytes(131072)
                .setQuotaBytes(64 * MEBIBYTE)
                .build();
    }

    private static ChangesListed changes(ListChanges asked) {
        var answer =
                ChangesListed.newBuilder()
                        .setSizeBytes(64 * MEBIBYTE)
                        .setChangedBytes(32 * MEBIBYTE)
                        .setNext(-1);
        for (long at = 0; at < 64 * MEBIBYTE; at += 2 * MEBIBYTE) {
            if (at + MEBIBYTE > asked.getAfter()) {
                if (answer.getRangesCount() == asked.getLimit()) {
                    return answer.setNext(at - MEBIBYTE).build();
                }
                answer.addRanges(ByteRange.newBuilder().setOffset(at).setLength(MEBIBYTE));
            }
        }
        return answer.build();
    }
}
