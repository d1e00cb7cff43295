// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import java.io.EOFException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.Optional;
import javax.net.ssl.SSLException;

/// One peer, from accept to close.
final class Connection implements Runnable {
    private static final Logger LOG = System.getLogger(Connection.class.getName());

    private final Link link;
    private final Exports exports;
    private final NbdLimits limits;
    private final Runnable ended;
    private final Patience negotiating = new Patience();
    private final Patience receiving = new Patience();
    private final Patience sending = new Patience();
    private final Thread thread;
    private volatile Optional<Thread> second = Optional.empty();
    private volatile boolean closing;
    private volatile boolean cutOff;

    /// @param ended called on the connection's thread as its last act
    Connection(Link link, Exports exports, NbdLimits limits, Runnable ended) {
        this.link = link;
        this.exports = exports;
        this.limits = limits;
        this.ended = ended;
        this.thread = Thread.ofPlatform().daemon().name("nbd").unstarted(this);
    }

    void start() {
        negotiating.begin();
        thread.start();
    }

    /// Cuts the peer off and interrupts what its requests wait for. Does not wait.
    void close() {
        closing = true;
        cut();
        thread.interrupt();
        second.ifPresent(Thread::interrupt);
    }

    /// Ends the stream, as if the peer had. Does not wait.
    void cut() {
        cutOff = true;
        link.cut();
    }

    /// How long it has been negotiating; negative when it is not, or must end already.
    long negotiatingNanos(long now) {
        return cutOff ? -1 : negotiating.nanos(now);
    }

    /// @return false when it still runs at the end of the time
    boolean awaitEnd(long millis) throws InterruptedException {
        thread.join(Math.max(1, millis));
        return !thread.isAlive();
    }

    void closeIfStalled(long now) {
        boolean over =
                negotiating.isOver(now, limits.handshake().toNanos())
                        || receiving.isOver(now, limits.message().toNanos())
                        || sending.isOver(now, limits.message().toNanos());
        if (over) {
            PeerLog.warn("a peer stalled in the middle of a message and was cut off");
            cut();
        }
    }

    @Override
    public void run() {
        Buffers buffers = Buffers.take();
        try (link) {
            var in = new Inbox(link, receiving, buffers.in());
            var out = new Outbox(link, sending);
            var handshake = new Handshake(exports, link, in, out, buffers.out());
            Optional<Session> session = handshake.run();
            negotiating.end();
            if (session.isPresent()) {
                transmit(session.get(), in, out, buffers.out());
            }
            buffers.giveBack(); // after a failure the garbage collector may have them
        } catch (SSLException e) {
            PeerLog.warn("a peer was refused TLS: " + e.getMessage());
        } catch (EOFException | ClosedChannelException | InterruptedException _) {
            // The peer died, stalled, or this side closes; nothing is lost that was not answered.
        } catch (ProtocolException e) {
            PeerLog.warn("a peer broke the protocol: " + e.getMessage());
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "a connection ended", e);
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, "a connection met a broken invariant and is closed", e);
            throw e;
        } finally {
            ended.run();
        }
    }

    private void transmit(Session session, Inbox in, Outbox out, ByteBuffer replies)
            throws IOException, InterruptedException {
        var deferred = new Deferred(session.export(), out, session.structured(), this::cut);
        Thread worker = Thread.ofPlatform().daemon().name("nbd-deferred").start(deferred);
        second = Optional.of(worker);
        try {
            if (closing) {
                return; // close() may have come before it could see the second thread
            }
            new Transmission(session, in, out, replies, deferred).run();
        } finally {
            finish(deferred, worker);
        }
    }

    /// What was deferred is done before the connection counts as ended.
    private void finish(Deferred deferred, Thread worker) {
        var stop = new Deferred.Task(Deferred.Work.STOP, 0, 0, 0, false);
        try {
            if (closing || Thread.interrupted()) {
                worker.interrupt();
            } else {
                deferred.abandon();
                deferred.add(stop);
            }
            worker.join(); // however long: until then this counts as one of the connections
        } catch (InterruptedException | ClosedChannelException _) {
            worker.interrupt();
        }
    }
}
