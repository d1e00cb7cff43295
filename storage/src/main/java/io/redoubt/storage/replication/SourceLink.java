// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Clock;
import io.redoubt.storage.block.Schedule;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The threads around a [GroupSource]: one connects and sends, one reads, one makes the cuts. They share the core under one lock; the
/// write path does not come here.
///
/// A connection that ends is made anew with a growing pause; the source loses nothing by it.
public final class SourceLink implements AutoCloseable {
    private static final Logger LOG = System.getLogger(SourceLink.class.getName());
    private static final int BATCH_BYTES = 1 << 20;
    private static final int BATCH_BYTES_MIN = 64 << 10;
    private static final long IDLE_NANOS = 2_000_000L;
    private static final long BEAT_NANOS = 1_000_000_000L;
    private static final long PAUSE_MIN_NANOS = 100_000_000L;
    private static final long PAUSE_MAX_NANOS = 2_000_000_000L;
    private static final long LOOK_NANOS = 60_000_000_000L;
    private static final Duration JOIN_MAX = Duration.ofSeconds(5);

    /// Opens a connection to the receiver, encrypted and authenticated.
    @FunctionalInterface
    public interface Dialer {
        Socket dial() throws IOException;
    }

    /// Where one volume stands.
    public record VolumeStatus(
            String volume,
            Mode mode,
            String reason,
            long sinceMillis,
            long dirtyBytes,
            long spoolBytes) {}

    /// Where the group stands.
    ///
    /// @param trouble why there is no connection, empty when there is one
    public record Status(
            boolean connected,
            String trouble,
            long publishedNumber,
            long publishedStampMillis,
            List<VolumeStatus> volumes) {
        public Status {
            volumes = List.copyOf(volumes);
        }
    }

    private final GroupSource group;
    private final Dialer dialer;
    private final Clock clock;
    private final Duration interval;
    private final ReentrantLock lock = new ReentrantLock();
    private final SecureRandom nonces = new SecureRandom();
    private final CutMaker cuts;
    private final Thread sender;
    private final Thread cutter;
    private volatile long bytesPerSecond;
    private volatile boolean stopped;
    private volatile String trouble = "not connected yet";
    private volatile @Nullable FrameChannel channel;

    /// @param name     of the group, for the threads
    /// @param interval between recovery points
    public SourceLink(
            String name, GroupSource group, Dialer dialer, Clock clock, Duration interval) {
        this(name, group, dialer, Map.of(), clock, interval);
    }

    /// @param peers the ways to the other sources of the group, by their names
    public SourceLink(
            String name,
            GroupSource group,
            Dialer dialer,
            Map<String, Dialer> peers,
            Clock clock,
            Duration interval) {
        this.cuts = new CutMaker(group.cuts(), lock, peers);
        this.group = group;
        this.dialer = dialer;
        this.clock = clock;
        this.interval = interval;
        this.sender =
                Thread.ofPlatform().name("stream-" + name).daemon().unstarted(this::connectForEver);
        this.cutter = Thread.ofPlatform().name("cuts-" + name).daemon().unstarted(this::cutForEver);
    }

    /// Sends no more than this from now on; grants and signs of life go beside it.
    ///
    /// @param wanted 0 for no limit
    public void limit(long wanted) {
        bytesPerSecond = wanted;
    }

    public void start() {
        sender.start();
        cutter.start();
        cuts.start();
    }

    private void connectForEver() {
        long pause = PAUSE_MIN_NANOS;
        String logged = "";
        while (!stopped) {
            long began = clock.bootNanos();
            String why;
            try (FrameChannel connection = new FrameChannel(dialer.dial())) {
                channel = connection;
                serve(connection);
                why = "closed";
            } catch (IOException e) {
                why = "no connection to the receiver: " + e.getMessage();
            } catch (FaultException e) {
                why = "the stream was refused: " + e.getMessage();
            }
            channel = null;
            if (!why.equals(logged)) {
                LOG.log(
                        Level.WARNING,
                        "{0}: {1}",
                        sender.getName(),
                        why); // once, not at every attempt
                logged = why;
            }
            trouble = why;
            locked(() -> group.disconnected("the link is lost"));
            pause =
                    clock.bootNanos() - began > PAUSE_MAX_NANOS
                            ? PAUSE_MIN_NANOS
                            : Math.min(pause * 2, PAUSE_MAX_NANOS);
            LockSupport.parkNanos(pause);
        }
    }

    private void serve(FrameChannel connection) throws IOException {
        connection.send(underLock(group::hello));
        var reader = new Reader(connection);
        Thread reading = Thread.ofPlatform().name(sender.getName() + "-in").daemon().start(reader);
        try {
            long nextBeat = 0;
            var batch = new ByteArrayOutputStream(BATCH_BYTES * 2);
            var packing = new Packing(System.nanoTime());
            var pace = new Schedule(bytesPerSecond, System.nanoTime());
            while (!stopped && reader.alive) {
                if (clock.bootNanos() >= nextBeat) {
                    beat(connection);
                    nextBeat = clock.bootNanos() + BEAT_NANOS;
                }
                long rate = bytesPerSecond;
                pace.change(rate, System.nanoTime());
                long due = pace.dueIn(System.nanoTime());
                if (due > 0) {
                    long began = System.nanoTime();
                    LockSupport.parkNanos(Math.min(due, BEAT_NANOS / 10));
                    packing.waited(System.nanoTime() - began);
                    continue;
                }
                batch.reset();
                lock.lock();
                try {
                    group.pump(frame -> write(batch, FrameCodec.encode(frame)), batchBytes(rate));
                } finally {
                    lock.unlock();
                }
                if (batch.size() > 0) {
                    long _ = pace.take(send(connection, batch, packing), System.nanoTime());
                } else {
                    LockSupport.parkNanos(IDLE_NANOS);
                }
            }
        } finally {
            connection.close();
            join(reading);
        }
        reader.rethrow();
    }

    /// What is sent at once under a limit takes a tenth of a second, so that a second has hardly more than its share.
    private static int batchBytes(long rate) {
        return rate == 0 ? BATCH_BYTES : Math.clamp(rate / 10, BATCH_BYTES_MIN, BATCH_BYTES);
    }

    /// @return bytes that went over the link
    private static int send(FrameChannel connection, ByteArrayOutputStream batch, Packing packing)
            throws IOException {
        ByteBuffer frames = ByteBuffer.wrap(batch.toByteArray());
        long began = System.nanoTime();
        ByteBuffer packed = packing.packs() ? Packed.pack(frames) : null;
        ByteBuffer goes = packed == null ? frames : packed;
        connection.send(goes);
        long now = System.nanoTime();
        packing.sent(frames.remaining(), now - began, now);
        return goes.remaining();
    }

    private static void write(ByteArrayOutputStream out, ByteBuffer frame) {
        out.write(frame.array(), frame.arrayOffset() + frame.position(), frame.remaining());
    }

    /// Once a second: a request for the receiver's grant, which is also the sign of life, and how far the volumes are.
    private void beat(FrameChannel connection) throws IOException {
        connection.send(underLock(() -> group.requestGrant(nonces.nextLong())));
        if (underLock(group::connected)) {
            connection.send(underLock(group::heartbeat));
        }
    }

    private final class Reader implements Runnable {
        private final FrameChannel connection;
        private volatile boolean alive = true;
        private volatile @Nullable Exception end;

        Reader(FrameChannel connection) {
            this.connection = connection;
        }

        @Override
        public void run() {
            try {
                while (!stopped) {
                    Frame frame = connection.receive();
                    locked(() -> {
                        group.received(frame);
                        trouble = group.connected() ? "" : trouble;
                    });
                }
            } catch (IOException | RuntimeException e) {
                end = e;
            } finally {
                alive = false;
                LockSupport.unpark(sender);
            }
        }

        void rethrow() throws IOException {
            Exception e = end;
            if (stopped) {
                return;
            }
            if (e instanceof IOException io) {
                throw io;
            }
            if (e instanceof RuntimeException runtime) {
                throw runtime;
            }
        }
    }

    private void cutForEver() {
        long next = clock.bootNanos() + interval.toNanos();
        long nextLook = clock.bootNanos() + LOOK_NANOS;
        while (!stopped) {
            if (clock.bootNanos() >= nextLook) {
                lookForRest();
                nextLook = clock.bootNanos() + LOOK_NANOS;
            }
            long wait = next - clock.bootNanos();
            if (wait > 0) {
                cuts.keepAwake();
                LockSupport.parkNanos(Math.min(wait, BEAT_NANOS));
                continue;
            }
            // A group that must resynchronise does not wait for its next point: a pass starts at a
            // cut.
            long number = cut("");
            boolean soon = number < 0 && group.connected();
            next =
                    clock.bootNanos()
                            + (soon
                                    ? Math.min(interval.toNanos(), BEAT_NANOS / 4)
                                    : interval.toNanos());
        }
    }

    private void lookForRest() {
        for (SourceVolume volume : group.volumes()) {
            try {
                int _ = volume.lookForRest();
            } catch (FaultException e) {
                LOG.log(Level.WARNING, "{0}: {1}", volume.id(), e.getMessage());
            }
        }
    }

    /// Makes a point now.
    ///
    /// @return its number, -1 when none can be made at this moment
    public long cut(String name) {
        return cuts.cut(name);
    }

    /// Whether this source makes the group's cuts now.
    public boolean makesCuts() {
        return underLock(() -> group.cuts().leading());
    }

    /// Begins to compare all volumes with the replica, see [GroupSource#verify].
    public Verification verify(boolean repair) {
        return underLock(() -> group.verify(repair));
    }

    /// How far a verification of this source is.
    public Verification.Report report(Verification verification) {
        return underLock(verification::report);
    }

    /// Another source that makes the cuts says something.
    ///
    /// @throws FaultException with [StreamFault.Refused] once this link is closed: the group has another one by then, with a lock of its own
    Frame answerPeer(Frame frame) {
        return underLock(() -> {
            if (stopped) {
                throw new FaultException(
                        new StreamFault.Refused("This link is closed.", "Connect again."));
            }
            return group.cuts().answerPeer(frame);
        });
    }

    /// Cuts that could not become points.
    public long cutsGivenUp() {
        return underLock(() -> group.cuts().givenUp());
    }

    public Status status() {
        lock.lock();
        try {
            return new Status(
                    group.connected(),
                    trouble,
                    group.publishedNumber(),
                    group.publishedStampMillis(),
                    group.volumes().stream()
                            .map(v ->
                                    new VolumeStatus(
                                            v.id().value(),
                                            v.mode(),
                                            v.reason(),
                                            v.sinceMillis(),
                                            v.differences().dirtyBlocks() * DirtyMap.BLOCK,
                                            v.spoolBytes()))
                            .toList());
        } finally {
            lock.unlock();
        }
    }

    private <T> T underLock(Supplier<T> action) {
        lock.lock();
        try {
            return action.get();
        } finally {
            lock.unlock();
        }
    }

    private void locked(Runnable action) {
        lock.lock();
        try {
            action.run();
        } finally {
            lock.unlock();
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join(JOIN_MAX);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /// Ends the threads; the volumes stay open, and nothing reaches the core by this link afterwards.
    @Override
    public void close() {
        locked(() -> stopped = true);
        cuts.close();
        FrameChannel connection = channel;
        if (connection != null) {
            connection.close();
        }
        LockSupport.unpark(sender);
        LockSupport.unpark(cutter);
        join(sender);
        join(cutter);
        // Another core may take the volumes over: nothing of this one's last cut may hold on to
        // them.
        locked(() -> group.cuts().end());
    }
}
