// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// What waits to be said over one connection, sent by a thread of its own: whoever puts something in, under the lock of a group, never waits for
/// a link (I31).
///
/// Of acks only the newest waits, since each says all that the ones before said: a link that hardly moves gets fewer of them, and later ones.
/// More than [#BYTES_MAX] of anything else is a peer that does not listen; its connection ends, and it comes back by itself.
final class Outbox {
    static final int BYTES_MAX = 1 << 20;

    private final FrameChannel channel;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    private int bytes;
    private boolean sending;
    private boolean closed;
    private @Nullable Thread sender;

    private record Waiting(boolean isAck, ByteBuffer encoded) {}

    Outbox(FrameChannel channel) {
        this.channel = channel;
    }

    /// @throws IOException when the connection ended, also just now, because nothing more finds room
    void put(Frame frame) throws IOException {
        ByteBuffer encoded = FrameCodec.encode(frame);
        lock.lock();
        try {
            if (closed) {
                throw new IOException("the connection is closed");
            }
            if (frame instanceof Frame.Ack) {
                waiting.removeIf(this::isOlderAck);
            }
            if (bytes + encoded.remaining() > BYTES_MAX) {
                channel.close();
                throw new IOException("the peer does not listen");
            }
            bytes += encoded.remaining();
            waiting.add(new Waiting(frame instanceof Frame.Ack, encoded));
            if (sender == null) {
                sender = Thread.ofPlatform().name("stream-out").daemon().start(this::sendForEver);
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private boolean isOlderAck(Waiting each) {
        if (each.isAck) {
            bytes -= each.encoded.remaining();
        }
        return each.isAck;
    }

    /// Bytes that wait.
    int bytes() {
        lock.lock();
        try {
            return bytes;
        } finally {
            lock.unlock();
        }
    }

    private void sendForEver() {
        try {
            for (ByteBuffer next = next(); next != null; next = next()) {
                channel.send(next);
            }
        } catch (IOException _) {
            channel.close(); // whoever reads from it sees the end
        }
    }

    /// @return null when there is nothing more to come
    private @Nullable ByteBuffer next() {
        lock.lock();
        try {
            sending = false;
            changed.signalAll();
            while (waiting.isEmpty() && !closed) {
                changed.awaitUninterruptibly();
            }
            if (closed) {
                return null;
            }
            ByteBuffer encoded = waiting.removeFirst().encoded;
            bytes -= encoded.remaining();
            sending = true;
            return encoded;
        } finally {
            lock.unlock();
        }
    }

    /// Waits until everything went out, for so long at most.
    void drain(Duration max) {
        long left = max.toNanos();
        lock.lock();
        try {
            while ((sending || !waiting.isEmpty()) && !closed && left > 0) {
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    /// Nothing more goes out.
    ///
    /// @return whether its thread is just sending, perhaps for ever
    boolean close() {
        lock.lock();
        try {
            closed = true;
            waiting.clear();
            bytes = 0;
            changed.signalAll();
            return sending;
        } finally {
            lock.unlock();
        }
    }
}
