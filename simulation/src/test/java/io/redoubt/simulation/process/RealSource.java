// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.grant.GrantHolder;
import io.redoubt.core.grant.GrantTimes;
import io.redoubt.core.port.Clock;
import io.redoubt.core.system.SystemClock;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.block.RawVolume;
import io.redoubt.storage.replication.GroupSource;
import io.redoubt.storage.replication.Mode;
import io.redoubt.storage.replication.SourceLink;
import io.redoubt.storage.replication.SourceVolume;
import io.redoubt.storage.replication.WriteGate;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.function.UnaryOperator;

/// A protected group's source on real files, with its link.
final class RealSource implements AutoCloseable {
    static final UUID LINEAGE = new UUID(0x5EED, 2);
    static final int VOLUME_BYTES = 2 << 20;
    private static final long POLL_MILLIS = 20;

    final List<SourceVolume> volumes;
    final SourceLink link;

    /// @param process differs for every start
    RealSource(Path directory, int port, long process) {
        this(directory, port, process, () -> GrantHolder.Standing.GRANTED, raw -> raw);
    }

    /// @param port  of loopback
    /// @param below puts a layer between the splitter and the raw volume
    RealSource(
            Path directory,
            int port,
            long process,
            WriteGate gate,
            UnaryOperator<BlockDevice> below) {
        this(
                directory,
                Scenario.KILLS,
                new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
                process,
                new Grants(new GrantHolder(GrantTimes.DEFAULT, 1), gate),
                below);
    }

    /// @param holder takes the receiver's grants
    /// @param gate   asked by the volumes
    record Grants(GrantHolder holder, WriteGate gate) {}

    RealSource(
            Path directory,
            Scenario scenario,
            InetSocketAddress receiver,
            long process,
            Grants grants,
            UnaryOperator<BlockDevice> below) {
        this(directory, scenario, LINEAGE, receiver, process, grants, below);
    }

    RealSource(
            Path directory,
            Scenario scenario,
            UUID lineage,
            InetSocketAddress receiver,
            long process,
            Grants grants,
            UnaryOperator<BlockDevice> below) {
        Clock clock = new SystemClock();
        volumes =
                scenario.volumes().stream()
                        .map(id -> volume(directory, id, scenario, grants.gate, below))
                        .toList();
        var group = new GroupSource(lineage, process, volumes, clock, grants.holder);
        link =
                new SourceLink(
                        "test",
                        group,
                        () -> new Socket(receiver.getAddress(), receiver.getPort()),
                        clock,
                        scenario.interval());
    }

    private static SourceVolume volume(
            Path directory,
            VolumeId id,
            Scenario scenario,
            WriteGate gate,
            UnaryOperator<BlockDevice> below) {
        return new SourceVolume(
                id,
                below.apply(raw(directory, id)),
                new SystemDisk(directory.resolve(id.value() + "-source")),
                new SystemClock(),
                scenario.source(),
                gate);
    }

    static RawVolume raw(Path directory, VolumeId id) {
        var disk = new SystemDisk(directory.resolve(id.value()));
        return RawVolume.find(disk, id).isPresent()
                ? RawVolume.open(disk, id)
                : RawVolume.create(disk, id, new Bytes(VOLUME_BYTES));
    }

    /// Without load: returns when a point that holds everything is published.
    ///
    /// @return its number
    long drain(Duration max) throws InterruptedException {
        long end = System.nanoTime() + max.toNanos();
        while (System.nanoTime() < end) {
            boolean streaming = volumes.stream().allMatch(v -> v.mode() == Mode.STREAM);
            long number = link.cut("");
            while (streaming
                    && number > 0
                    && System.nanoTime() < end
                    && link.status().connected()) {
                if (link.status().publishedNumber() >= number) {
                    return number;
                }
                Thread.sleep(POLL_MILLIS);
            }
            Thread.sleep(POLL_MILLIS);
        }
        throw new IllegalStateException("the group does not drain: " + link.status());
    }

    @Override
    public void close() {
        link.close();
        volumes.forEach(SourceVolume::close);
    }
}
