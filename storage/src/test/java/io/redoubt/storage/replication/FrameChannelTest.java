// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.journal.Checksum;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Frames over a real socket, packed and not.
@Timeout(20)
class FrameChannelTest {
    private final SplittableRandom random = new SplittableRandom(4);
    private Socket near = new Socket();
    private Socket far = new Socket();

    @BeforeEach
    void connect() throws IOException {
        try (var server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            near = new Socket(server.getInetAddress(), server.getLocalPort());
            far = server.accept();
        }
    }

    @AfterEach
    void close() throws IOException {
        near.close();
        far.close();
    }

    private Frame write(int number, int bytes) {
        byte[] data = new byte[bytes];
        random.nextBytes(data);
        Arrays.fill(data, bytes / 3, bytes, (byte) number);
        ByteBuffer content = ByteBuffer.wrap(data);
        return new Frame.Write(
                0, number, number + 1, 4096L * number, content, Checksum.of(content));
    }

    private static ByteBuffer batch(List<Frame> frames) {
        var out = new ByteArrayOutputStream();
        for (Frame frame : frames) {
            ByteBuffer encoded = FrameCodec.encode(frame);
            out.write(
                    encoded.array(),
                    encoded.arrayOffset() + encoded.position(),
                    encoded.remaining());
        }
        return ByteBuffer.wrap(out.toByteArray());
    }

    @Test
    void packed_and_plain_frames_come_in_their_order() throws Exception {
        var all = new ArrayList<Frame>();
        var batches = new ArrayList<ByteBuffer>();
        long plain = 0;
        for (int i = 0; i < 20; i++) {
            List<Frame> some =
                    List.of(write(3 * i, 4096), write(3 * i + 1, 65536), write(3 * i + 2, 512));
            all.addAll(some);
            ByteBuffer frames = batch(some);
            plain += frames.remaining();
            batches.add(i % 3 == 0 ? frames : Objects.requireNonNull(Packed.pack(frames)));
        }
        assertThat(batches.stream().mapToLong(ByteBuffer::remaining).sum())
                .isLessThan(plain * 6 / 10);
        var sender = new FrameChannel(near);
        CompletableFuture<Void> sending =
                CompletableFuture.runAsync(() -> {
                    try {
                        for (ByteBuffer each : batches) {
                            sender.send(each);
                        }
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
        var receiver = new FrameChannel(far);
        for (Frame frame : all) {
            assertThat(receiver.receive()).isEqualTo(frame);
        }
        assertThat(receiver.more()).isFalse();
        sending.join();
    }

    @Test
    void what_would_not_be_smaller_goes_as_it_is() {
        byte[] noise = new byte[64 << 10];
        random.nextBytes(noise);
        assertThat(Packed.pack(ByteBuffer.wrap(noise))).isNull();
    }

    /// A peer that lies about sizes, or sends nonsense, ends its connection and costs no memory.
    @Test
    void nonsense_in_packed_frames_ends_the_connection() throws Exception {
        ByteBuffer good = Objects.requireNonNull(Packed.pack(batch(List.of(write(1, 65536)))));
        for (int at = FrameCodec.PREFIX; at < good.limit(); at += 97) {
            ByteBuffer bad = copy(good);
            bad.put(at, (byte) (bad.get(at) ^ 4));
            assertRefused(bad, "checksum");
        }
        ByteBuffer endless = copy(good);
        endless.putInt(FrameCodec.PREFIX, Packed.RAW_BYTES_MAX + 1);
        assertRefused(sealed(endless), "packed frames of");
        ByteBuffer shorter = copy(good);
        shorter.putInt(FrameCodec.PREFIX, 100);
        assertRefused(sealed(shorter), "unpacked");
        ByteBuffer half = batch(List.of(write(1, 65536)));
        half.limit(half.limit() - 5);
        assertRefused(Objects.requireNonNull(Packed.pack(half)), "end within one");
        ByteBuffer within = copy(good);
        within.putInt(0, Packed.RAW_BYTES_MAX + 1 | 1 << 31);
        assertRefused(within, "a frame of");
    }

    private static ByteBuffer copy(ByteBuffer of) {
        return ByteBuffer.allocate(of.remaining())
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(of.duplicate())
                .flip();
    }

    private static ByteBuffer sealed(ByteBuffer packed) {
        packed.putInt(4, Checksum.of(packed.slice(8, packed.limit() - 8)));
        return packed;
    }

    private void assertRefused(ByteBuffer sent, String why) throws IOException {
        close();
        connect();
        new FrameChannel(near).send(sent);
        var receiver = new FrameChannel(far);
        assertThatThrownBy(receiver::receive)
                .isInstanceOf(FaultException.class)
                .hasMessageContaining(why);
    }
}
