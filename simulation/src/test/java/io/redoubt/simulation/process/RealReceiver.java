// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

import io.redoubt.core.grant.GrantTimes;
import io.redoubt.core.grant.Grantor;
import io.redoubt.core.port.Clock;
import io.redoubt.core.system.SystemClock;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.storage.journal.Journal;
import io.redoubt.storage.journal.Roles;
import io.redoubt.storage.replication.History;
import io.redoubt.storage.replication.HostedReceiver;
import io.redoubt.storage.replication.ReceiverServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/// A group's receiver on real files.
final class RealReceiver implements AutoCloseable {
    private static final long TICK_MILLIS = 300;

    final HostedReceiver hosted;
    private final ReceiverServer server;

    /// @param port of loopback, 0 for any
    RealReceiver(Path directory, int port) throws IOException {
        this(
                directory,
                Scenario.KILLS,
                new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    }

    RealReceiver(Path directory, Scenario scenario, InetSocketAddress address) throws IOException {
        Journal journal = open(directory, scenario);
        Clock clock = new SystemClock();
        Roles roles = journal.roles();
        var grantor =
                new Grantor(
                        GrantTimes.DEFAULT,
                        roles.term(),
                        roles.stopped(),
                        roles.promoted(),
                        clock.bootNanos());
        hosted = new HostedReceiver(journal, grantor, clock);
        var listener = new ServerSocket();
        listener.setReuseAddress(true);
        listener.bind(address);
        server = new ReceiverServer(listener, new One(hosted));
        server.start();
    }

    static Journal open(Path directory, Scenario scenario) {
        return Journal.open(new SystemDisk(directory), RealSource.LINEAGE, scenario.journal());
    }

    int port() {
        return server.port();
    }

    private record One(HostedReceiver hosted) implements ReceiverServer.Groups {
        @Override
        public Optional<HostedReceiver> find(History history, Socket peer) {
            return history.lineage().equals(RealSource.LINEAGE)
                    ? Optional.of(hosted)
                    : Optional.empty();
        }

        @Override
        public Collection<HostedReceiver> all() {
            return List.of(hosted);
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        try {
            Thread.sleep(TICK_MILLIS); // its threads end by themselves
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        hosted.close();
    }
}
