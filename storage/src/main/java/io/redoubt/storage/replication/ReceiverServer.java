// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.fault.FaultException;
import java.io.EOFException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Collection;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Accepts the streams of sources, and the cuts' messages of other sources, one platform thread for each to read and one to answer; ticks the journals so that a slow trickle becomes durable; and keeps them
/// small, one after the other, on one thread of low priority.
public final class ReceiverServer implements AutoCloseable {
    private static final Logger LOG = System.getLogger(ReceiverServer.class.getName());
    private static final long TICK_NANOS = 100_000_000L;
    private static final long HOUSEKEEPING_NANOS = 60_000_000_000L;
    private static final int CONNECTIONS_MAX = 1024;
    private static final int HELLO_MILLIS_MAX = 5_000;
    private static final Duration GOODBYE_MAX = Duration.ofSeconds(1);

    /// The groups that this node receives.
    public interface Groups {
        /// @param peer the proven name of the node that speaks; another node's group is not found
        /// @return the one of this history, else one of a related history, which says how they differ
        Optional<HostedReceiver> find(History history, Socket peer);

        Collection<HostedReceiver> all();

        /// A source of this node, for the source of another node that makes its group's cuts.
        ///
        /// @param peer the proven name of the node that speaks; one without a part in the group finds nothing
        default Optional<SourceLink> findSource(UUID lineage, Socket peer) {
            return Optional.empty();
        }
    }

    private final ServerSocket listener;
    private final Groups groups;
    private final Set<FrameChannel> open = ConcurrentHashMap.newKeySet();
    private volatile boolean stopped;

    /// @param listener bound; with TLS 1.3 and client certificates outside of tests
    public ReceiverServer(ServerSocket listener, Groups groups) {
        this.listener = listener;
        this.groups = groups;
    }

    @SuppressWarnings(
            "ThreadPriorityCheck") // nothing relies on it: it only asks to be kind to the streams
    public void start() {
        Thread.ofPlatform().name("stream-accept").daemon().start(this::acceptForEver);
        Thread.ofPlatform().name("journal-tick").daemon().start(this::tickForEver);
        Thread.ofPlatform()
                .name("journal-housekeeping")
                .priority(Thread.MIN_PRIORITY)
                .daemon()
                .start(this::keepHouseForEver);
    }

    public int port() {
        return listener.getLocalPort();
    }

    private void acceptForEver() {
        while (!stopped) {
            try {
                Socket socket = listener.accept();
                if (open.size() >= CONNECTIONS_MAX) {
                    socket.close();
                    continue;
                }
                Thread.ofPlatform().name("stream-in").daemon().start(() -> serve(socket));
            } catch (IOException e) {
                if (!stopped) {
                    LOG.log(Level.WARNING, "accepting a stream: {0}", e.getMessage());
                    LockSupport.parkNanos(TICK_NANOS);
                }
            }
        }
    }

    private void serve(Socket socket) {
        FrameChannel channel = null;
        HostedReceiver group = null;
        try {
            socket.setSoTimeout(HELLO_MILLIS_MAX);
            channel = new FrameChannel(socket);
            open.add(channel);
            Frame first = channel.receive();
            if (first instanceof Frame.PeerHello peer) {
                servePeer(channel, groups.findSource(peer.lineage(), socket));
                return;
            }
            if (!(first instanceof Frame.Hello hello)) {
                return;
            }
            Optional<HostedReceiver> found = groups.find(hello.history(), socket);
            if (found.isEmpty()) {
                channel.send(
                        new Frame.Refusal(
                                "No group of this history is received here from you.",
                                "Protect the group again, or wait until the control plane has told this node.",
                                0));
                return;
            }
            group = found.get();
            group.received(channel, hello);
            group.batchEnd();
            while (!stopped) {
                group.received(channel, channel.receive());
                if (!channel.more()) {
                    group.batchEnd();
                }
            }
        } catch (EOFException | SocketTimeoutException _) {
            // The source went away, or is silent; it comes back by itself.
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "a stream ended: {0}", e.getMessage());
        } catch (FaultException e) {
            refuse(channel, e);
        } finally {
            if (channel != null) {
                channel.close();
                open.remove(channel);
                if (group != null) {
                    group.ended(channel);
                }
            }
        }
    }

    private void servePeer(FrameChannel channel, Optional<SourceLink> source) throws IOException {
        while (source.isPresent() && !stopped) {
            channel.send(source.get().answerPeer(channel.receive()));
        }
    }

    private static void refuse(@Nullable FrameChannel channel, FaultException e) {
        LOG.log(Level.WARNING, "a stream is refused: {0}", e.getMessage());
        if (channel != null) {
            try {
                channel.post(new Frame.Refusal(e.fault().message(), e.fault().remedy(), 0));
                channel.drain(GOODBYE_MAX);
            } catch (IOException _) {
                // It cannot be told; it sees the end of the connection.
            }
        }
    }

    private void tickForEver() {
        while (!stopped) {
            LockSupport.parkNanos(TICK_NANOS);
            for (HostedReceiver group : groups.all()) {
                try {
                    group.batchEnd();
                } catch (RuntimeException e) {
                    LOG.log(Level.WARNING, "a journal cannot go on: {0}", e.getMessage());
                }
            }
        }
    }

    /// The first round begins after a while, so that the views of the node hold their points again by then.
    private void keepHouseForEver() {
        long next = System.nanoTime() + HOUSEKEEPING_NANOS;
        while (!stopped) {
            LockSupport.parkNanos(TICK_NANOS);
            forAll("cannot adopt its volumes", group -> group.adopt(() -> !stopped));
            if (System.nanoTime() >= next) {
                forAll("cannot be swept", group -> group.keepHouse(() -> !stopped));
                next = System.nanoTime() + HOUSEKEEPING_NANOS;
            }
        }
    }

    private void forAll(String otherwise, Consumer<HostedReceiver> work) {
        for (HostedReceiver group : groups.all()) {
            try {
                work.accept(group);
            } catch (RuntimeException e) {
                LOG.log(Level.WARNING, "a journal {0}: {1}", otherwise, e.getMessage());
            }
        }
    }

    @Override
    public void close() throws IOException {
        stopped = true;
        listener.close();
        open.forEach(FrameChannel::close);
    }
}
