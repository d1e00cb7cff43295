// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// Offers volumes on a Unix socket.
///
/// A planned stop, like a fence, closes the sockets and says nothing: an NBD client with a reconnect delay then waits and comes back,
/// whereas any error would reach the guest.
public final class NbdServer implements AutoCloseable {
    private static final Logger LOG = System.getLogger(NbdServer.class.getName());
    private static final int WATCH_MILLIS = 200;

    private final Path socket;
    private final ServerSocketChannel listener;
    private final Exports exports;
    private final NbdLimits limits;
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private final Thread accepting;
    private final Thread watching;
    private volatile boolean closed;

    private NbdServer(
            Path socket, ServerSocketChannel listener, Exports exports, NbdLimits limits) {
        this.socket = socket;
        this.listener = listener;
        this.exports = exports;
        this.limits = limits;
        this.accepting = Thread.ofPlatform().daemon().name("nbd-accept").unstarted(this::accept);
        this.watching = Thread.ofPlatform().daemon().name("nbd-watch").unstarted(this::watch);
    }

    /// For the server's own user, with the usual limits.
    public static NbdServer listen(Path socket, Exports exports) {
        return listen(socket, exports, SocketAccess.OWNER, NbdLimits.DEFAULT);
    }

    /// @param socket at most 107 bytes; its directory is made when it does not exist
    /// @throws io.redoubt.core.fault.FaultException with an [NbdFault]
    public static NbdServer listen(
            Path socket, Exports exports, SocketAccess access, NbdLimits limits) {
        var server = new NbdServer(socket, UnixSocket.listen(socket, access), exports, limits);
        server.accepting.start();
        server.watching.start();
        return server;
    }

    public Path socket() {
        return socket;
    }

    /// Stops listening, cuts every connection, interrupts requests that wait inside the device, and waits a bounded time for
    /// those in execution. What runs longer than that is waited for by the volume's fence. Repeatable.
    @Override
    public void close() {
        closed = true;
        try {
            listener.close();
            Files.deleteIfExists(socket);
        } catch (IOException e) {
            LOG.log(Level.WARNING, "closing " + socket, e);
        }
        watching.interrupt();
        connections.forEach(Connection::close);
        try {
            accepting.join(limits.close());
            connections.forEach(Connection::close); // one may have been accepted meanwhile
            awaitConnections();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void awaitConnections() throws InterruptedException {
        long end = System.nanoTime() + limits.close().toNanos();
        for (Connection connection : connections) {
            if (!connection.awaitEnd((end - System.nanoTime()) / 1_000_000)) {
                LOG.log(Level.WARNING, "a request on {0} did not end in time", socket);
            }
        }
    }

    private void accept() {
        while (!closed) {
            try {
                SocketChannel channel = listener.accept();
                if (connections.size() >= limits.connections()) {
                    LOG.log(
                            Level.WARNING,
                            "{0} has {1} connections already",
                            socket,
                            limits.connections());
                    channel.close();
                    continue;
                }
                start(channel);
            } catch (ClosedChannelException _) {
                return;
            } catch (IOException e) {
                LOG.log(Level.WARNING, "accepting on " + socket, e);
                pause();
            }
        }
    }

    private void start(SocketChannel channel) {
        var self = new Connection[1];
        self[0] = new Connection(channel, exports, limits, () -> connections.remove(self[0]));
        connections.add(self[0]);
        self[0].start();
    }

    private void watch() {
        while (!closed) {
            long now = System.nanoTime();
            connections.forEach(connection -> connection.closeIfStalled(now));
            pause();
        }
    }

    /// Also keeps a failing accept, such as one without free descriptors, from spinning.
    private void pause() {
        try {
            Thread.sleep(WATCH_MILLIS);
        } catch (InterruptedException _) {
            // closing; the loops look at it
        }
    }
}
