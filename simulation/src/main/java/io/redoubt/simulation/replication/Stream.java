// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.replication;

import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.replication.Frame;
import io.redoubt.storage.replication.FrameCodec;
import io.redoubt.storage.replication.GroupReceiver;
import io.redoubt.storage.replication.ReceiverSession;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// The frames between one source and the receiver, over a [SimNet]: connecting, sending, delivering.
final class Stream {
    private static final long MILLI = GroupWorld.MILLI;
    private static final long WELCOME_MAX = 3 * GroupWorld.SECOND;

    private final GroupWorld world;
    private final Party<SourceSide> source;
    final SimNet net;
    private @Nullable ReceiverSession session;
    private long connection = -1;
    private long connectedAt;

    /// @param number of the source
    Stream(GroupWorld world, int number, SimNet net) {
        this.world = world;
        this.source = world.sources.get(number);
        this.net = net;
    }

    void begin() {
        world.at(10 * MILLI, this::pump);
    }

    boolean connected() {
        return connection >= 0;
    }

    /// A hello that the receiver does not go by any more.
    void closeOutdated(GroupReceiver group) {
        ReceiverSession open = session;
        if (open != null && !group.isCurrent(open)) {
            disconnect("the receiver was told of other members");
        }
    }

    private void pump() {
        SourceSide side = source.running();
        if (side != null) {
            if (connection < 0 && net.linkUp() && world.random.nextInt(30) == 0) {
                connection = net.connect();
                connectedAt = world.time.nanos();
                source.run(() -> toReceiver(side.group.hello()));
            } else if (connection >= 0) {
                source.run(() -> side.group.pump(this::toReceiver, 24 << 10));
                side.requireVerified();
                if (!side.group.connected() && world.time.nanos() - connectedAt > WELCOME_MAX) {
                    disconnect("no welcome");
                }
            }
        }
        world.at(10 * MILLI, this::pump);
    }

    void toReceiver(Frame frame) {
        long number = connection;
        net.send(
                number,
                true,
                frame,
                world.time.nanos(),
                (body, crc) ->
                        whenRuns(
                                world.receiver, number, () -> deliverToReceiver(number, body, crc)),
                () -> dropConnection(number));
    }

    /// What arrives at a process that stands still waits for it.
    private void whenRuns(Party<?> party, long number, Runnable action) {
        if (party.process() != null && party.pausedFor() > 0) {
            world.at(party.pausedFor() + 1, action);
        } else if (net.current(number)) {
            action.run();
        }
    }

    private void deliverToReceiver(long number, ByteBuffer body, int crc) {
        ReceiverSide side = world.receiver.process();
        if (side == null || !net.current(number)) {
            return;
        }
        world.receiver.run(() -> {
            try {
                Frame frame = FrameCodec.decode(body, crc);
                if (session == null) {
                    session = side.group.connect();
                }
                session.received(frame).forEach(f -> toSource(number, f));
                side.group.batchEnd().forEach(world::fromReceiver);
                world.checks.published(side.journal);
            } catch (FaultException _) {
                dropConnection(number);
            }
        });
    }

    private void toSource(long number, Frame frame) {
        net.send(
                number,
                false,
                frame,
                world.time.nanos(),
                (body, crc) -> whenRuns(source, number, () -> deliverToSource(number, body, crc)),
                () -> dropConnection(number));
    }

    private void deliverToSource(long number, ByteBuffer body, int crc) {
        SourceSide side = source.process();
        if (side == null || !net.current(number)) {
            return;
        }
        boolean _ =
                source.run(() -> {
                    try {
                        Frame received = FrameCodec.decode(body, crc);
                        boolean led = side.group.cuts().leading();
                        side.group.received(received);
                        if (!led && side.group.cuts().leading()) {
                            world.leads();
                        }
                    } catch (FaultException _) {
                        dropConnection(number);
                    }
                });
    }

    /// What the receiver says to one of its sources, when it is this one.
    void fromReceiver(GroupReceiver.Outgoing out) {
        if (out.to() == session) {
            toSource(connection, out.frame());
        }
    }

    private void dropConnection(long number) {
        if (net.current(number) && connection == number) {
            disconnect("lost");
        }
    }

    void disconnect(String why) {
        if (connection >= 0) {
            connection = -1;
            net.connect();
            SourceSide from = source.process();
            ReceiverSide to = world.receiver.process();
            if (from != null) {
                source.run(() -> from.group.disconnected(why));
            }
            if (to != null && session != null) {
                to.group.disconnected(session);
            }
            session = null;
        }
    }
}
