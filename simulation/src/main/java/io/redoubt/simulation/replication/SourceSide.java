// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.replication;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.grant.GrantHolder;
import io.redoubt.core.grant.GrantTimes;
import io.redoubt.simulation.machine.SimDisk;
import io.redoubt.simulation.machine.SimHost;
import io.redoubt.simulation.machine.Violation;
import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.block.RawVolume;
import io.redoubt.storage.replication.GrantMemory;
import io.redoubt.storage.replication.GroupSource;
import io.redoubt.storage.replication.History;
import io.redoubt.storage.replication.SourceLimits;
import io.redoubt.storage.replication.SourceVolume;
import io.redoubt.storage.replication.Verification;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/// The source process: made anew from the disks at every start.
final class SourceSide {
    static final SourceLimits LIMITS =
            new SourceLimits(128 << 10, 32 << 10, 8 << 10, 64 << 10, 0, 24 << 10);

    final List<SourceVolume> volumes = new ArrayList<>();
    final GroupSource group;
    final GrantHolder holder;
    private final GrantMemory memory;
    private @Nullable Verification verification;

    /// What a source knows of the group.
    ///
    /// @param source  of the setup, counted from 0
    /// @param volumes of its own
    /// @param peers   the names of the other sources
    record Part(int source, List<VolumeId> volumes, Set<String> peers) {}

    /// @param below what the splitter finds instead of the plain volume
    SourceSide(
            SimHost host,
            GroupSetup setup,
            Part part,
            long process,
            GrantTimes times,
            BiFunction<VolumeId, BlockDevice, BlockDevice> below) {
        memory = new GrantMemory(host.disk("grants"));
        holder = new GrantHolder(times, memory.load(1), host.clock().bootId());
        for (VolumeId id : part.volumes()) {
            SimDisk data = host.disk(id.value());
            RawVolume raw =
                    RawVolume.find(data, id).isPresent()
                            ? RawVolume.open(data, id)
                            : RawVolume.create(data, id, new Bytes(setup.volumeBytes()));
            volumes.add(
                    new SourceVolume(
                            id,
                            below.apply(id, raw),
                            host.disk(id.value() + "-source"),
                            host.clock(),
                            LIMITS,
                            () -> holder.standing(host.clock().bootNanos())));
        }
        group =
                new GroupSource(
                        History.first(setup.lineage()),
                        GroupSetup.sourceName(part.source()),
                        part.peers(),
                        process,
                        volumes,
                        host.clock(),
                        holder);
    }

    /// The volume, when it lives here.
    Optional<SourceVolume> find(VolumeId id) {
        return volumes.stream().filter(v -> v.id().equals(id)).findFirst();
    }

    /// Compares everything with the replica; what differs is a broken promise.
    void verify() {
        verification = group.verify(true);
    }

    /// I7, also while guests write: a volume in STREAM is the same as its replica.
    void requireVerified() {
        if (verification != null) {
            Verification.Report report = verification.report();
            if (report.differentBytes() > 0) {
                throw new Violation("I7: the replica differs: " + report.different().getFirst());
            }
        }
    }

    /// Stores what the holder knows.
    void remember(SimHost host) {
        memory.store(holder, host.clock().bootId());
    }
}
