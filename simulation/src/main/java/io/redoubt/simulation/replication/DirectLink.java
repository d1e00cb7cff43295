// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.replication;

import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.replication.Frame;
import io.redoubt.storage.replication.FrameCodec;
import io.redoubt.storage.replication.GroupReceiver;
import io.redoubt.storage.replication.GroupSource;
import io.redoubt.storage.replication.ReceiverSession;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.SplittableRandom;

/// Source and receiver of a group with two queues of frames between them. It loses frames only with the whole connection.
final class DirectLink {
    private static final int QUEUED_MAX = 24;

    private final GroupSource source;
    private final GroupReceiver receiver;
    private final SplittableRandom random;
    private final Deque<ByteBuffer> toReceiver = new ArrayDeque<>();
    private final Deque<ByteBuffer> toSource = new ArrayDeque<>();
    private ReceiverSession session;
    private boolean connected;

    DirectLink(GroupSource source, GroupReceiver receiver, SplittableRandom random) {
        this.source = source;
        this.receiver = receiver;
        this.random = random;
        this.session = receiver.connect();
    }

    /// Does one thing: connects, breaks, sends or delivers.
    ///
    /// @param breaking the connection may break now
    void turn(boolean breaking) {
        if (!connected) {
            connected = true;
            session = receiver.connect();
            send(toReceiver, source.hello());
            return;
        }
        if (breaking && random.nextInt(60) == 0) {
            disconnect("reset");
            return;
        }
        switch (random.nextInt(3)) {
            case 0 -> {
                if (toReceiver.size() < QUEUED_MAX) {
                    source.pump(frame -> send(toReceiver, frame), 1 + random.nextInt(24 << 10));
                }
            }
            case 1 -> deliverToReceiver();
            default -> deliverToSource();
        }
    }

    private void deliverToReceiver() {
        try {
            for (int i = random.nextInt(6); i > 0 && !toReceiver.isEmpty(); i--) {
                session.received(decoded(toReceiver)).forEach(f -> send(toSource, f));
            }
            receiver.batchEnd().forEach(out -> send(toSource, out.frame()));
        } catch (FaultException e) {
            disconnect(e.fault().message());
        }
    }

    private void deliverToSource() {
        try {
            for (int i = random.nextInt(6); i > 0 && !toSource.isEmpty(); i--) {
                source.received(decoded(toSource));
            }
        } catch (FaultException e) {
            disconnect(e.fault().message());
        }
    }

    private void disconnect(String why) {
        connected = false;
        toReceiver.clear();
        toSource.clear();
        source.disconnected(why);
        receiver.disconnected(session);
    }

    private static void send(Deque<ByteBuffer> queue, Frame frame) {
        queue.add(FrameCodec.encode(frame));
    }

    private static Frame decoded(Deque<ByteBuffer> queue) {
        ByteBuffer bytes = queue.removeFirst().order(ByteOrder.LITTLE_ENDIAN);
        int crc = bytes.getInt(4);
        return FrameCodec.decode(bytes.position(FrameCodec.PREFIX).slice(), crc);
    }
}
