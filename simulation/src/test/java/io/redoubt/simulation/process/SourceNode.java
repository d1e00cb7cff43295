// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

import io.redoubt.core.VolumeId;
import io.redoubt.core.grant.GrantHolder;
import io.redoubt.core.grant.GrantTimes;
import io.redoubt.core.system.SystemClock;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.storage.replication.GroupSource;
import io.redoubt.storage.replication.History;
import io.redoubt.storage.replication.HostedReceiver;
import io.redoubt.storage.replication.ReceiverServer;
import io.redoubt.storage.replication.SourceLink;
import io.redoubt.storage.replication.SourceVolume;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/// One of several sources of a group: a volume on real files, its link to the receiver, and an ear for the source that makes the cuts.
final class SourceNode implements AutoCloseable {
    static final Duration INTERVAL = Duration.ofMillis(100);

    final String name;
    final SourceVolume volume;
    final GroupSource group;
    private final Map<String, Integer> ports;
    private final int receiverPort;
    private final ReceiverServer ear;
    private volatile SourceLink link;

    /// @param ports of all sources, by their names; the listener is this one's
    SourceNode(
            Path directory,
            String name,
            Map<String, Integer> ports,
            ServerSocket listener,
            int receiverPort) {
        this.name = name;
        this.ports = Map.copyOf(ports);
        this.receiverPort = receiverPort;
        var id = new VolumeId(name + "-disk");
        this.volume =
                new SourceVolume(
                        id,
                        RealSource.raw(directory, id),
                        new SystemDisk(directory.resolve("source")),
                        new SystemClock(),
                        Scenario.KILLS.source(),
                        () -> GrantHolder.Standing.GRANTED);
        var peers = new HashMap<>(ports);
        peers.remove(name);
        this.group =
                new GroupSource(
                        History.first(RealSource.LINEAGE),
                        name,
                        peers.keySet(),
                        1,
                        List.of(volume),
                        new SystemClock(),
                        new GrantHolder(GrantTimes.DEFAULT, 1));
        this.link = newLink();
        this.ear = new ReceiverServer(listener, new Ear());
        ear.start();
        link.start();
    }

    private SourceLink newLink() {
        Map<String, SourceLink.Dialer> peers = new HashMap<>();
        ports.forEach((peer, port) -> {
            if (!peer.equals(name)) {
                peers.put(peer, () -> dial(port));
            }
        });
        return new SourceLink(
                name, group, () -> dial(receiverPort), peers, new SystemClock(), INTERVAL);
    }

    private static Socket dial(int port) throws IOException {
        return new Socket(InetAddress.getLoopbackAddress(), port);
    }

    SourceLink link() {
        return link;
    }

    /// Ends the stream to the receiver, and its part in cuts. Its volume goes on.
    void silence() {
        link.close();
    }

    void speakAgain() {
        link = newLink();
        link.start();
    }

    private final class Ear implements ReceiverServer.Groups {
        @Override
        public Optional<HostedReceiver> find(History history, Socket peer) {
            return Optional.empty();
        }

        @Override
        public Collection<HostedReceiver> all() {
            return List.of();
        }

        @Override
        public Optional<SourceLink> findSource(UUID lineage, Socket peer) {
            return lineage.equals(RealSource.LINEAGE) ? Optional.of(link) : Optional.empty();
        }
    }

    @Override
    public void close() throws IOException {
        ear.close();
        link.close();
        volume.close();
    }
}
