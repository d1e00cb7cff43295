// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.replication;

import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.replication.Frame;
import io.redoubt.storage.replication.FrameCodec;
import java.nio.ByteBuffer;

/// The frames between the two processes, over a [SimNet]: connecting, sending, delivering, and the receiver's ticks.
final class Stream {
    private static final long MILLI = GroupWorld.MILLI;
    private static final long WELCOME_MAX = 3 * GroupWorld.SECOND;

    private final GroupWorld world;
    private final SimNet net;
    private long connection = -1;
    private long connectedAt;

    Stream(GroupWorld world, SimNet net) {
        this.world = world;
        this.net = net;
    }

    void begin() {
        world.at(10 * MILLI, this::pump);
        world.at(100 * MILLI, this::receiverTick);
    }

    boolean connected() {
        return connection >= 0;
    }

    private void pump() {
        SourceSide side = world.runningSource();
        if (side != null) {
            if (connection < 0 && net.linkUp() && world.random.nextInt(30) == 0) {
                connection = net.connect();
                connectedAt = world.time.nanos();
                world.asSource(() -> toReceiver(side.group.hello()));
            } else if (connection >= 0) {
                world.asSource(() -> side.group.pump(this::toReceiver, 24 << 10));
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
                (body, crc) -> whenReceiverRuns(number, () -> deliverToReceiver(number, body, crc)),
                () -> dropConnection(number));
    }

    private void whenReceiverRuns(long number, Runnable action) {
        if (world.receiver() != null && world.receiverPausedFor() > 0) {
            world.at(world.receiverPausedFor() + 1, action);
        } else if (net.current(number)) {
            action.run();
        }
    }

    private void deliverToReceiver(long number, ByteBuffer body, int crc) {
        ReceiverSide side = world.receiver();
        if (side == null || !net.current(number)) {
            return;
        }
        world.asReceiver(() -> {
            try {
                Frame frame = FrameCodec.decode(body, crc);
                side.group.received(frame).forEach(f -> toSource(number, f));
                side.group.batchEnd().forEach(f -> toSource(number, f));
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
                (body, crc) -> {
                    SourceSide side = world.runningSource();
                    if (side != null && net.current(number)) {
                        world.asSource(() -> {
                            try {
                                Frame received = FrameCodec.decode(body, crc);
                                side.group.received(received);
                                if (received instanceof Frame.Welcome) {
                                    world.welcomed();
                                }
                            } catch (FaultException _) {
                                dropConnection(number);
                            }
                        });
                    }
                },
                () -> dropConnection(number));
    }

    private void receiverTick() {
        ReceiverSide side = world.runningReceiver();
        if (side != null) {
            world.asReceiver(() -> {
                try {
                    side.group.batchEnd().forEach(f -> toSource(connection, f));
                    world.checks.published(side.journal);
                    side.keepHouse(world.checks);
                } catch (FaultException _) {
                    disconnect("the journal is full");
                }
            });
        }
        world.at(100 * MILLI, this::receiverTick);
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
            SourceSide from = world.source();
            ReceiverSide to = world.receiver();
            if (from != null) {
                world.asSource(() -> from.group.disconnected(why));
            }
            if (to != null) {
                to.group.disconnected();
            }
        }
    }
}
