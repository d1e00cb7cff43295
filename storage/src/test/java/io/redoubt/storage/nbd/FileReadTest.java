// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.storage.block.ForwardingDevice;
import io.redoubt.storage.block.RawVolume;
import io.redoubt.storage.block.VolumeFault;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Large reads of a plain volume go from its file to the socket inside the kernel; nobody may see a difference.
@Timeout(60)
class FileReadTest {
    private static final int SIZE = 40 << 20;
    private static final int READ = 0;
    private static final int FLUSH = 3;
    private static final int DF = 4;

    @TempDir Path root;
    private final byte[] content = new byte[SIZE];
    private Sending device;
    private NbdServer server;
    private Path socket;

    /// Counts what is sent, and can change its mind in the middle.
    private static final class Sending extends ForwardingDevice {
        final AtomicInteger sends = new AtomicInteger();
        volatile long stopsAt = Long.MAX_VALUE;
        volatile boolean readFails;

        Sending(RawVolume next) {
            super(next);
        }

        @Override
        public long send(long offset, long length, int to) {
            if (to < 0) {
                return length;
            }
            if (offset >= stopsAt) {
                return NO_FILE;
            }
            sends.incrementAndGet();
            return super.send(offset, length, to);
        }

        @Override
        public void read(long offset, ByteBuffer into) {
            if (readFails) {
                throw new FaultException(
                        new VolumeFault.Damaged(new VolumeId("vol-7"), offset, "test"));
            }
            super.read(offset, into);
        }
    }

    @BeforeEach
    void start() {
        new SplittableRandom(3).nextBytes(content);
        var id = new VolumeId("vol-7");
        var volume = RawVolume.create(new SystemDisk(root.resolve("v")), id, new Bytes(SIZE));
        volume.write(0, ByteBuffer.wrap(content));
        device = new Sending(volume);
        socket = root.resolve("s");
        server = NbdServer.listen(socket, Exports.one("vol-7", Export.writable(device, "")));
    }

    @AfterEach
    void stop() {
        server.close();
        device.close();
    }

    @Test
    void large_reads_come_from_the_file_and_small_ones_do_not() throws IOException {
        try (var peer = Peer.simple(socket)) {
            for (int length : new int[] {32 << 10, (32 << 10) + 1, 1 << 20, 32 << 20}) {
                int before = device.sends.get();
                requireRead(peer, 4097, length);
                assertThat(device.sends.get()).as("%d", length).isGreaterThan(before);
            }
            int before = device.sends.get();
            requireRead(peer, 4097, (32 << 10) - 1);
            assertThat(device.sends.get()).isEqualTo(before);
        }
    }

    @Test
    void structured_large_reads_are_one_chunk_with_and_without_df() throws IOException {
        try (var peer = Peer.structured(socket)) {
            for (int flags : new int[] {0, DF}) {
                peer.send(Peer.request(flags, READ, 5, 12345, 3 << 20));
                peer.expect(
                        "668e33ef"
                                + "0001"
                                + "0001"
                                + "%016x%08x%016x".formatted(5, (3 << 20) + 8, 12345));
                requireBytes(peer.receive(3 << 20), 12345);
            }
        }
        assertThat(device.sends.get()).isPositive();
    }

    /// Small and large reads in one burst, with flushes answered by another thread in between.
    @Test
    void a_burst_of_all_sizes_keeps_every_reply_whole() throws Exception {
        var random = new SplittableRandom(4);
        try (var peer = Peer.simple(socket)) {
            for (int round = 0; round < 20; round++) {
                int count = 30;
                var lengths = new int[count];
                var offsets = new int[count];
                var burst = new byte[count][];
                for (int i = 0; i < count; i++) {
                    lengths[i] = random.nextBoolean() ? 512 : random.nextInt(1, 200 << 10);
                    offsets[i] = random.nextInt(SIZE - lengths[i]);
                    burst[i] =
                            i % 5 == 4
                                    ? Peer.request(0, FLUSH, i, 0, 0)
                                    : Peer.request(0, READ, i, offsets[i], lengths[i]);
                }
                Thread sender =
                        Thread.ofPlatform()
                                .start(() -> {
                                    try {
                                        peer.send(Peer.join(burst));
                                    } catch (IOException e) {
                                        throw new java.io.UncheckedIOException(e);
                                    }
                                });
                for (int i = 0; i < count; i++) {
                    ByteBuffer head = ByteBuffer.wrap(peer.receive(16));
                    assertThat(head.getInt()).isEqualTo(0x67446698);
                    assertThat(head.getInt()).isZero();
                    int cookie = (int) head.getLong();
                    if (cookie % 5 != 4) {
                        requireBytes(peer.receive(lengths[cookie]), offsets[cookie]);
                    }
                }
                sender.join();
            }
        }
    }

    @Test
    void what_the_file_does_not_give_after_all_is_read() throws IOException {
        device.stopsAt = 2 << 20;
        try (var peer = Peer.simple(socket)) {
            requireRead(peer, 1 << 20, 5 << 20);
            assertThat(device.sends.get()).isPositive();
        }
    }

    @Test
    void a_refusal_in_the_middle_of_the_data_ends_the_connection_and_is_no_data()
            throws IOException {
        device.stopsAt = 2 << 20;
        device.readFails = true;
        try (var peer = Peer.simple(socket)) {
            peer.send(Peer.request(0, READ, 5, 1 << 20, 5 << 20));
            peer.expect(Peer.simpleReply(0, 5));
            requireBytes(peer.receive(1 << 20), 1 << 20);
            peer.expectClosed();
        }
        try (var peer = Peer.simple(socket)) {
            peer.expectAlive();
        }
    }

    @Test
    void a_peer_that_leaves_in_the_middle_of_the_data_harms_nobody() throws IOException {
        for (int i = 0; i < 20; i++) {
            try (var peer = Peer.simple(socket)) {
                peer.send(Peer.request(0, READ, 5, 0, 32 << 20));
                peer.receive(16 + i * 100_000);
            }
        }
        try (var peer = Peer.simple(socket)) {
            requireRead(peer, 0, 1 << 20);
        }
    }

    private void requireRead(Peer peer, int offset, int length) throws IOException {
        peer.send(Peer.request(0, READ, 7, offset, length));
        peer.expect(Peer.simpleReply(0, 7));
        requireBytes(peer.receive(length), offset);
    }

    private void requireBytes(byte[] got, int offset) {
        assertThat(Arrays.mismatch(got, Arrays.copyOfRange(content, offset, offset + got.length)))
                .isEqualTo(-1);
    }
}
