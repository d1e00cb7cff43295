// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SSLContext;

/// Offers volumes on a Unix socket, or over TCP with TLS 1.3 and certificates on both sides; there is no plain TCP.
///
/// A planned stop, like a fence, closes the sockets and says nothing: an NBD client with a reconnect delay then waits and comes back,
/// whereas any error would reach the guest.
public final class NbdServer implements AutoCloseable {
    private static final Logger LOG = System.getLogger(NbdServer.class.getName());
    private static final int WATCH_MILLIS = 200;

    /// Nobody is sent away for another before that.
    private static final long NEGOTIATION_NANOS_MIN = 200_000_000;

    /// Connections above the limit, while those that must go have not ended.
    private static final int LEAVING_MAX = 8;

    private final Listener listener;
    private final Exports exports;
    private final NbdLimits limits;
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private final Thread accepting;
    private final Thread watching;
    private volatile boolean closed;

    private NbdServer(Listener listener, Exports exports, NbdLimits limits) {
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
        return start(UnixSocket.listen(socket, access), exports, limits);
    }

    /// Over TCP, for peers with a certificate that the context trusts.
    ///
    /// @param address port 0 takes any free one
    /// @throws io.redoubt.core.fault.FaultException with an [NbdFault]
    public static NbdServer listen(
            InetSocketAddress address, Exports exports, SSLContext context, NbdLimits limits) {
        return start(TlsListener.listen(address, context), exports, limits);
    }

    private static NbdServer start(Listener listener, Exports exports, NbdLimits limits) {
        var server = new NbdServer(listener, exports, limits);
        server.accepting.start();
        server.watching.start();
        return server;
    }

    /// The Unix socket that it listens on; empty over TCP.
    public Path socket() {
        return listener instanceof UnixListener unix ? unix.path() : Path.of("");
    }

    /// The port it listens on; -1 on a Unix socket.
    public int port() {
        return listener instanceof TlsListener tcp ? tcp.port() : -1;
    }

    /// Cuts every connection and goes on listening: clients with a reconnect delay come back at once and see what has changed, such as
    /// a new size. Requests in execution go on to their end.
    public void reconnectAll() {
        connections.forEach(Connection::cut);
    }

    /// Stops listening, cuts every connection, interrupts requests that wait inside the device, and waits a bounded time for
    /// those in execution. What runs longer than that is waited for by the volume's fence. Repeatable.
    @Override
    public void close() {
        closed = true;
        listener.stop();
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
                LOG.log(Level.WARNING, "a request on {0} did not end in time", listener);
            }
        }
    }

    /// Until the listener says that it was stopped: it then frees its socket.
    private void accept() {
        while (true) {
            try {
                Link link = listener.accept();
                if (connections.size() >= limits.connections() && !makeRoom()) {
                    PeerLog.warn(
                            "%s has %d connections already"
                                    .formatted(listener, limits.connections()));
                    link.close();
                    continue;
                }
                start(link);
            } catch (ClosedChannelException _) {
                return;
            } catch (IOException e) {
                LOG.log(Level.WARNING, "accepting on " + listener, e);
                pause();
            }
        }
    }

    /// Whoever has negotiated the longest must go. An honest peer is done in a moment, so those who hold connections without ever
    /// choosing an export keep nobody out, and need no certificate to try.
    ///
    /// @return false when nobody can go, or many still have to end
    private boolean makeRoom() {
        long now = System.nanoTime();
        Optional<Connection> slowest =
                connections.stream()
                        .filter(one -> one.negotiatingNanos(now) > NEGOTIATION_NANOS_MIN)
                        .max(Comparator.comparingLong(one -> one.negotiatingNanos(now)));
        slowest.ifPresent(Connection::cut);
        return slowest.isPresent() && connections.size() < limits.connections() + LEAVING_MAX;
    }

    private void start(Link link) {
        var self = new Connection[1];
        self[0] = new Connection(link, exports, limits, () -> connections.remove(self[0]));
        connections.add(self[0]);
        LockSupport.unpark(watching);
        self[0].start();
    }

    private void watch() {
        while (!closed) {
            if (connections.isEmpty()) {
                LockSupport.park(this); // a thousand idle volumes wake nobody
            }
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
