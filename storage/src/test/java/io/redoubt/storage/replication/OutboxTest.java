// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// I31: what waits for a peer that does not listen is bounded, and nobody waits with it.
@Timeout(30)
class OutboxTest {
    private static final int MANY = 200_000;

    private Socket near = new Socket();
    private Socket far = new Socket();
    private FrameChannel channel;

    @BeforeEach
    void connect() throws IOException {
        try (var server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            far = new Socket();
            far.setReceiveBufferSize(4096);
            far.connect(new InetSocketAddress(server.getInetAddress(), server.getLocalPort()));
            near = server.accept();
        }
        channel = new FrameChannel(near);
    }

    @AfterEach
    void close() throws IOException {
        channel.close();
        far.close();
    }

    private static Frame ack(long durable) {
        return new Frame.Ack(List.of(durable), List.of(durable), 0, 0, 0, 0, 0);
    }

    @Test
    void acks_for_a_deaf_peer_take_the_room_of_one_and_the_newest_arrives() throws Exception {
        for (long i = 1; i <= MANY; i++) {
            channel.post(ack(i));
        }
        var peer = new FrameChannel(far);
        long before = 0;
        long frames = 0;
        while (before < MANY) {
            long next = ((Frame.Ack) peer.receive()).durable().getFirst();
            assertThat(next).isGreaterThan(before);
            before = next;
            frames++;
        }
        assertThat(frames).as("acks that went out").isLessThan(MANY);
    }

    @Test
    void what_is_not_an_ack_keeps_its_order_and_a_deaf_peer_loses_its_connection()
            throws Exception {
        assertThatThrownBy(
                        () -> {
                            for (int i = 0; i < MANY; i++) {
                                channel.post(new Frame.Wanted(0, i, 4096));
                                channel.post(ack(i));
                            }
                        })
                .isInstanceOf(IOException.class)
                .hasMessageContaining("does not listen");
        var peer = new FrameChannel(far);
        long next = 0;
        try {
            while (true) {
                if (peer.receive() instanceof Frame.Wanted wanted) {
                    assertThat(wanted.offset()).isEqualTo(next++);
                }
            }
        } catch (IOException _) {
            assertThat(next).as("frames that arrived before the end").isPositive();
        }
        assertThatThrownBy(() -> channel.post(ack(1))).isInstanceOf(IOException.class);
    }
}
