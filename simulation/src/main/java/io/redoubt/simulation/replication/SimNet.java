// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.replication;

import io.redoubt.storage.replication.Frame;
import io.redoubt.storage.replication.FrameCodec;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;

/// The connection between source and receiver: it delays, doubles, reorders, drops and is cut. What was sent on an older connection is
/// never delivered on a newer one; a connection that lost a frame dies.
final class SimNet {
    private final SplittableRandom random;
    private final BiConsumer<Long, Runnable> later;
    private int faultsPerMille;
    private long connection;
    private boolean linkUp = true;
    private long toReceiverAt;
    private long toSourceAt;

    /// @param later runs something after so many nanoseconds
    SimNet(SplittableRandom random, BiConsumer<Long, Runnable> later) {
        this.random = random;
        this.later = later;
    }

    void faultsPerMille(int rate) {
        faultsPerMille = rate;
    }

    void link(boolean up) {
        linkUp = up;
    }

    boolean linkUp() {
        return linkUp;
    }

    /// @return the number of a new connection
    long connect() {
        toReceiverAt = 0;
        toSourceAt = 0;
        return ++connection;
    }

    boolean current(long number) {
        return number == connection;
    }

    void send(
            long number,
            boolean toReceiver,
            Frame frame,
            long now,
            Receiver receiver,
            Runnable lost) {
        if (!linkUp || !current(number)) {
            return;
        }
        ByteBuffer bytes = FrameCodec.encode(frame);
        if (faultsPerMille > 0 && random.nextInt(1000) < faultsPerMille) {
            switch (random.nextInt(4)) {
                case 0 -> {
                    later.accept((long) random.nextInt(2_000_000_000), lost);
                    return;
                }
                case 1 -> deliver(number, bytes, delay(), receiver);
                case 2 -> {
                    deliver(number, bytes, delay() + 300_000_000L, receiver);
                    return;
                }
                default ->
                        bytes.put(8 + random.nextInt(bytes.limit() - 8), (byte) random.nextInt());
            }
        }
        long at = Math.max(now + delay(), toReceiver ? toReceiverAt : toSourceAt) + 1;
        if (toReceiver) {
            toReceiverAt = at;
        } else {
            toSourceAt = at;
        }
        deliver(number, bytes, at - now, receiver);
    }

    private void deliver(long number, ByteBuffer bytes, long delay, Receiver receiver) {
        later.accept(
                delay,
                () -> {
                    if (linkUp && current(number)) {
                        ByteBuffer copy = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
                        int crc = copy.getInt(4);
                        receiver.deliver(copy.position(FrameCodec.PREFIX).slice(), crc);
                    }
                });
    }

    private long delay() {
        return 200_000L + random.nextInt(2_000_000);
    }

    /// Takes a frame's bytes at the other end.
    interface Receiver {
        void deliver(ByteBuffer body, int crc);
    }
}
