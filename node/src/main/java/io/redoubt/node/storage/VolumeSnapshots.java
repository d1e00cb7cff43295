// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Clock;
import io.redoubt.core.port.Disk;
import io.redoubt.protocol.ByteRange;
import io.redoubt.protocol.ChangesListed;
import io.redoubt.protocol.ListChanges;
import io.redoubt.protocol.SnapshotInfo;
import io.redoubt.protocol.SnapshotsListed;
import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.snapshot.ChangedGrains;
import io.redoubt.storage.snapshot.Snapshot;
import io.redoubt.storage.snapshot.SnapshotDevice;
import io.redoubt.storage.snapshot.SnapshotFault;
import io.redoubt.storage.snapshot.SnapshotRoom;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The snapshots of one volume of this node, as commands speak of them.
final class VolumeSnapshots {
    private static final System.Logger LOG = System.getLogger("snapshots");

    private static final int RANGES_MAX = 1000; // in one answer

    private final SnapshotDevice device;
    private @Nullable Reverted reverted; // last, in the life of this process

    private record Reverted(long snapshot, long attachment) {}

    /// The room for saved data is what the volume itself has: one whole copy of it.
    VolumeSnapshots(VolumeId id, Disk disk, BlockDevice next) {
        var room = SnapshotRoom.copyOf(next, SnapshotRoom.WhenFull.BREAK_OLDEST);
        this.device =
                SnapshotDevice.open(
                        disk,
                        id,
                        next,
                        new SnapshotDevice.Options(
                                room,
                                Thread::startVirtualThread,
                                broken ->
                                        LOG.log(
                                                System.Logger.Level.WARNING,
                                                "volume {0}: snapshot {1} was given up so that the machine could go on",
                                                id,
                                                broken.name())));
    }

    /// The layer of the volume.
    SnapshotDevice device() {
        return device;
    }

    SnapshotsListed create(String name, Clock clock) {
        if (device.find(name).isEmpty()) {
            try {
                Snapshot _ = device.create(name, clock.wallMillis());
            } catch (FaultException e) {
                if (!(e.fault() instanceof SnapshotFault.Exists)) { // the same wish was faster
                    throw e;
                }
            }
        }
        return list();
    }

    SnapshotsListed delete(String name) {
        try {
            device.find(name).ifPresent(s -> device.delete(s.number()));
        } catch (FaultException e) {
            if (!(e.fault() instanceof SnapshotFault.Unknown)) { // the same wish was faster
                throw e;
            }
        }
        return list();
    }

    /// A revert may take longer than anybody waits for an answer. Who asks again meanwhile waits for the same one, and who asks
    /// afterwards finds it done.
    ///
    /// @param through    the layers that must see what the volume becomes
    /// @param attachment the present one: while it is, nobody can have written since
    synchronized SnapshotsListed revert(String name, BlockDevice through, long attachment) {
        var wanted = new Reverted(device.require(name).number(), attachment);
        if (!wanted.equals(reverted) || device.current() != wanted.snapshot()) {
            device.revert(wanted.snapshot(), through);
            reverted = wanted;
        }
        return list();
    }

    /// @throws FaultException with a [SnapshotFault]
    ChangesListed changes(ListChanges asked) {
        long to = asked.getTo().isEmpty() ? 0 : device.require(asked.getTo()).number();
        ChangedGrains map = device.changes(device.require(asked.getFrom()).number(), to);
        var answer =
                ChangesListed.newBuilder()
                        .setSizeBytes(map.size())
                        .setChangedBytes(map.bytes())
                        .setNext(-1);
        int limit = Math.clamp(asked.getLimit(), 1, RANGES_MAX);
        for (ChangedGrains.Part part : map.parts()) {
            if (part.end() > asked.getAfter()) {
                if (answer.getRangesCount() == limit) {
                    ByteRange last = answer.getRanges(limit - 1);
                    return answer.setNext(last.getOffset() + last.getLength()).build();
                }
                answer.addRanges(
                        ByteRange.newBuilder().setOffset(part.offset()).setLength(part.length()));
            }
        }
        return answer.build();
    }

    boolean reverting() {
        return device.reverting().isPresent();
    }

    /// Ends a revert that a crash cut short.
    synchronized void finishRevert(BlockDevice through) {
        device.reverting().ifPresent(number -> device.revert(number, through));
    }

    SnapshotsListed list() {
        SnapshotDevice.Usage usage = device.usage();
        var answer =
                SnapshotsListed.newBuilder()
                        .setUsedBytes(usage.used())
                        .setQuotaBytes(usage.quota())
                        .setCurrent(name(device.current()));
        long[] own = device.ownBytes();
        int kept = 0;
        for (Snapshot each : device.list()) {
            var info =
                    SnapshotInfo.newBuilder()
                            .setSnapshot(each.name())
                            .setParent(name(each.parent()))
                            .setCreatedMillis(each.createdMillis())
                            .setSizeBytes(each.size());
            if (!each.kept()) {
                info.setBroken(each.state().words());
            } else if (kept < own.length) {
                info.setOwnBytes(own[kept++]);
            }
            answer.addSnapshots(info);
        }
        return answer.build();
    }

    long usedBytes() {
        return device.usage().used();
    }

    /// What they may still take before the oldest is given up; 0 without one that is kept.
    long mayGrowBytes() {
        if (device.list().stream().noneMatch(Snapshot::kept)) {
            return 0;
        }
        SnapshotDevice.Usage usage = device.usage();
        return Math.max(0, usage.quota() - usage.used());
    }

    /// The names of those that were given up.
    String broken() {
        return device.list().stream()
                .filter(s -> !s.kept())
                .map(Snapshot::name)
                .collect(Collectors.joining(","));
    }

    private String name(long number) {
        List<Snapshot> all = device.list();
        Optional<Snapshot> found = all.stream().filter(s -> s.number() == number).findFirst();
        return found.map(Snapshot::name).orElse("");
    }
}
