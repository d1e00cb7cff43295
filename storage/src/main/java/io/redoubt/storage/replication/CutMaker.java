// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// Makes the group's cuts as long as this source is the one that does: SWITCH and RELEASE to the other sources over connections of its own,
/// one thread for each, and to its own volumes between the two. So the own volumes are closed the shortest (rule 16).
///
/// Whoever does not answer in time makes the cut one that is given up, and holds up nobody: its volumes open by themselves.
final class CutMaker implements AutoCloseable {
    private static final Logger LOG = System.getLogger(CutMaker.class.getName());
    private static final long ANSWER_NANOS_MAX = 40_000_000L;
    private static final long PAUSE_NANOS = 500_000_000L;
    private static final Frame NOTHING = new Frame.Release(0);
    private static final Duration JOIN_MAX = Duration.ofSeconds(5);

    private final SourceCuts cuts;
    private final ReentrantLock lock;
    private final Condition answered;
    private final Map<String, Peer> peers = new HashMap<>();
    private @Nullable GroupCut running;
    private volatile boolean stopped;

    /// @param lock    of the source's core
    /// @param dialers to the other sources, by their names
    CutMaker(SourceCuts cuts, ReentrantLock lock, Map<String, SourceLink.Dialer> dialers) {
        this.cuts = cuts;
        this.lock = lock;
        this.answered = lock.newCondition();
        dialers.forEach((name, dialer) -> peers.put(name, new Peer(name, dialer)));
    }

    void start() {
        peers.values().forEach(p -> p.thread.start());
    }

    /// Makes a cut now.
    ///
    /// @return its number, -1 when none can be made at this moment or it was given up
    long cut(String name) {
        lock.lock();
        try {
            GroupCut cut = running == null ? cuts.begin(name) : null;
            if (cut == null) {
                return -1;
            }
            running = cut;
            try {
                tell(cut, new Frame.Switch(cut.number()));
                await(cut::peersAnswered);
                cut.own().switchAll();
                // Also when somebody has not answered: whoever has opens at once.
                tell(cut, cut.release());
                cuts.releaseOwn(cut);
                await(cut::decided);
                return cuts.finish(cut);
            } finally {
                running = null;
            }
        } finally {
            lock.unlock();
        }
    }

    /// Once a second: a connection over which nothing is said is taken for dead, and cuts may be an hour apart. The release of no cut changes
    /// nothing, and its answer is as empty.
    void keepAwake() {
        peers.values().forEach(peer -> peer.send(NOTHING));
    }

    private void tell(GroupCut cut, Frame frame) {
        for (String name : cut.peers()) {
            Peer peer = peers.get(name);
            if (peer != null) {
                peer.send(frame);
            }
        }
    }

    /// Gives the lock away meanwhile: the stream goes on.
    private void await(BooleanSupplier done) {
        long left = ANSWER_NANOS_MAX;
        try {
            while (!done.getAsBoolean() && left > 0 && !stopped) {
                left = answered.awaitNanos(left);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void received(String peer, Frame frame) {
        lock.lock();
        try {
            GroupCut cut = running;
            if (cut != null) {
                switch (frame) {
                    case Frame.Switched switched -> cut.answered(peer, switched);
                    case Frame.Released released -> cut.released(peer, released);
                    default -> {}
                }
                answered.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /// The connection to one other source; it stands while this one makes the cuts.
    private final class Peer implements Runnable {
        private final String name;
        private final SourceLink.Dialer dialer;
        private final Thread thread;
        private volatile @Nullable FrameChannel channel;

        Peer(String name, SourceLink.Dialer dialer) {
            this.name = name;
            this.dialer = dialer;
            this.thread = Thread.ofPlatform().name("cuts-to-" + name).daemon().unstarted(this);
        }

        @Override
        public void run() {
            while (!stopped) {
                if (leading()) {
                    try (FrameChannel connection = new FrameChannel(dialer.dial())) {
                        connection.send(cuts.peerHello());
                        channel = connection;
                        while (!stopped && leading()) {
                            received(name, connection.receive());
                        }
                    } catch (IOException | RuntimeException e) {
                        LOG.log(Level.DEBUG, "{0}: {1}", name, e.getMessage());
                    }
                    channel = null;
                }
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }

        private boolean leading() {
            lock.lock();
            try {
                return cuts.leading();
            } finally {
                lock.unlock();
            }
        }

        void send(Frame frame) {
            FrameChannel connection = channel;
            if (connection != null) {
                try {
                    connection.send(frame);
                } catch (IOException e) {
                    connection.close(); // its thread dials again
                }
            }
        }
    }

    @Override
    public void close() {
        stopped = true;
        for (Peer peer : peers.values()) {
            FrameChannel connection = peer.channel;
            if (connection != null) {
                connection.close();
            }
            LockSupport.unpark(peer.thread);
            try {
                peer.thread.join(JOIN_MAX);
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
