// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.block.VolumeFault;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What a peer can hold on to in each phase of a connection, and for how long.
@Timeout(60)
class HostilePhasesTest {
    private static final int SIZE = 40 << 20;
    private static final int PATIENCE_MILLIS = 1000;
    private static final NbdLimits LIMITS =
            new NbdLimits(
                    Duration.ofMillis(5000),
                    Duration.ofMillis(PATIENCE_MILLIS),
                    16,
                    Duration.ofMillis(200));

    @TempDir Path root;
    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable one : open.reversed()) {
            one.close();
        }
    }

    /// The server only reads it to stay in step: nobody may take an hour for that, a byte at a time.
    @Test
    void a_peer_that_dawdles_inside_a_refused_payload_is_cut_off() throws Exception {
        Path socket = serve(new MemoryDevice(new byte[4096]), LIMITS);
        Peer peer = open(Peer.simple(socket));
        peer.send(Peer.request(0, 1, 1, 4096, 200_000));
        assertThat(millisUntilCutOff(peer)).isLessThan(4L * PATIENCE_MILLIS);
    }

    @Test
    void a_peer_that_dawdles_inside_an_option_that_is_too_long_is_cut_off() throws Exception {
        var impatient =
                new NbdLimits(Duration.ofSeconds(1), Duration.ofSeconds(50), 4, LIMITS.close());
        Path socket = serve(new MemoryDevice(new byte[4096]), impatient);
        Peer peer = open(new Peer(socket));
        peer.receive(18);
        peer.send(Peer.flags());
        peer.send(
                ByteBuffer.allocate(16)
                        .putLong(0x49484156454f5054L)
                        .putInt(7)
                        .putInt(1 << 20)
                        .array());
        assertThat(millisUntilCutOff(peer)).isLessThan(4000);
    }

    /// More of them than there is room for large replies.
    @Test
    void peers_that_never_take_their_large_replies_hold_up_nobody_else() throws Exception {
        var device = new MemoryDevice(new byte[SIZE]);
        new SplittableRandom(5).nextBytes(device.bytes);
        var patient =
                new NbdLimits(Duration.ofSeconds(5), Duration.ofSeconds(50), 16, LIMITS.close());
        Path socket = serve(device, patient);
        for (int i = 0; i < 10; i++) {
            Peer greedy = open(i % 2 == 0 ? Peer.simple(socket) : Peer.structured(socket));
            greedy.send(Peer.request(i % 2 == 0 ? 0 : 4, 0, i, i, 32 << 20));
        }
        Thread.sleep(500); // they have what they can get
        for (Peer polite : List.of(open(Peer.simple(socket)), open(Peer.simple(socket)))) {
            long start = System.nanoTime();
            polite.send(Peer.request(0, 0, 7, 123, 9 << 20));
            polite.expect(Peer.simpleReply(0, 7));
            assertThat(ByteBuffer.wrap(polite.receive(9 << 20)))
                    .isEqualTo(ByteBuffer.wrap(device.bytes, 123, 9 << 20));
            assertThat(System.nanoTime() - start).isLessThan(10_000_000_000L);
            polite.expectAlive();
        }
    }

    /// As above, where a block of the reply is damaged: a refusal, and the connection goes on.
    @Test
    void a_large_read_without_room_meets_damage_before_it_promises_data() throws Exception {
        var device =
                new MemoryDevice(new byte[SIZE]) {
                    @Override
                    public void read(long offset, ByteBuffer into) {
                        if (offset + into.remaining() > 33 << 20) {
                            throw new FaultException(new VolumeFault.Closed(ID));
                        }
                        super.read(offset, into);
                    }
                };
        Path socket = serve(device, LIMITS);
        for (int i = 0; i < 4; i++) {
            open(Peer.simple(socket)).send(Peer.request(0, 0, i, 0, 32 << 20));
        }
        Thread.sleep(300);
        Peer polite = open(Peer.simple(socket));
        polite.send(Peer.request(0, 0, 7, 30 << 20, 4 << 20));
        ByteBuffer reply = ByteBuffer.wrap(polite.receive(16));
        assertThat(reply.getInt()).isEqualTo(0x67446698);
        assertThat(reply.getInt()).as("an error").isNotZero();
        assertThat(reply.getLong()).isEqualTo(7);
        polite.expectAlive();
    }

    /// What is not answered yet is bounded: the rest stays in the socket, and the peer cannot send it.
    @Test
    void requests_beyond_the_bound_stay_with_the_peer() throws Exception {
        var gate = new CountDownLatch(1);
        var device =
                new MemoryDevice(new byte[SIZE]) {
                    @Override
                    public void flush() {
                        await(gate);
                        super.flush();
                    }
                };
        var patient = new NbdLimits(LIMITS.handshake(), Duration.ofSeconds(50), 16, LIMITS.close());
        Path socket = serve(device, patient);
        Peer peer = open(Peer.simple(socket));
        Peer other = open(Peer.simple(socket));
        peer.channel().configureBlocking(false);
        ByteBuffer requests = ByteBuffer.wrap(Peer.join(flushes(0, 1000)));
        long sent = 0;
        long idleSince = System.nanoTime();
        while (System.nanoTime() - idleSince < 1_000_000_000L && sent < 16 << 20) {
            int count = peer.channel().write(requests);
            sent += count;
            idleSince = count > 0 ? System.nanoTime() : idleSince;
            if (!requests.hasRemaining()) {
                requests.rewind();
            }
        }
        // 128 requests wait, one buffer of 260 KiB was received, the rest is the kernel's.
        assertThat(sent).as("bytes of requests that were taken").isLessThan(2 << 20);
        other.send(Peer.request(0, 0, 1, 0, 512));
        other.expect(Peer.simpleReply(0, 1));
        other.receive(512);
        gate.countDown();
        peer.channel().configureBlocking(true);
        var expected = new long[1000];
        var answered = new long[1000];
        for (long i = 0; i < sent / 28; i++) {
            expected[(int) (i % 1000)]++;
            ByteBuffer reply = ByteBuffer.wrap(peer.receive(16));
            assertThat(reply.getLong(0)).as("success").isEqualTo(0x6744669800000000L);
            answered[(int) reply.getLong(8)]++; // in any order
        }
        assertThat(answered).isEqualTo(expected);
    }

    /// Work that goes on after its peer has left still counts as a connection: coming and going gives nobody more of it.
    @Test
    void what_a_peer_left_behind_counts_as_its_connection_until_it_is_done() throws Exception {
        var gate = new CountDownLatch(1);
        var device =
                new MemoryDevice(new byte[SIZE]) {
                    @Override
                    public void zero(long offset, long length) {
                        await(gate);
                        super.zero(offset, length);
                    }
                };
        var few = new NbdLimits(LIMITS.handshake(), LIMITS.message(), 3, Duration.ofMillis(100));
        Path socket = serve(device, few);
        int refused = 0;
        for (int i = 0; i < 12; i++) {
            try (Peer peer = Peer.simple(socket)) {
                peer.send(Peer.request(0, 6, 1, 0, SIZE)).send(Peer.request(0, 2, 2, 0, 0));
            } catch (IOException e) {
                refused++;
            }
            Thread.sleep(150);
        }
        assertThat(threads("nbd-deferred")).isLessThanOrEqualTo(3);
        assertThat(refused).isEqualTo(9);
        gate.countDown();
        for (int i = 0; i < 100 && threads("nbd-deferred") > 0; i++) {
            Thread.sleep(50);
        }
        open(Peer.simple(socket)).expectAlive();
    }

    /// Reading ahead for somebody who has left is of use to nobody.
    @Test
    void reading_ahead_ends_with_the_connection() throws Exception {
        var device =
                new MemoryDevice(new byte[SIZE]) {
                    @Override
                    public void read(long offset, ByteBuffer into) {
                        try {
                            Thread.sleep(20);
                        } catch (InterruptedException e) {
                            throw new FaultException(new VolumeFault.Closed(ID), e);
                        }
                        super.read(offset, into);
                    }
                };
        Path socket = serve(device, LIMITS);
        try (Peer peer = Peer.simple(socket)) {
            for (int i = 0; i < 50; i++) {
                peer.send(Peer.request(0, 5, i, 0, SIZE));
            }
            Thread.sleep(100);
        }
        for (int i = 0; i < 60 && threads("nbd-deferred") > 0; i++) {
            Thread.sleep(50);
        }
        assertThat(threads("nbd-deferred")).isZero();
    }

    /// They need no certificate to try, so it must not be enough to keep others out.
    @Test
    void peers_that_never_choose_an_export_keep_nobody_out() throws Exception {
        var few = new NbdLimits(Duration.ofSeconds(50), Duration.ofSeconds(50), 8, LIMITS.close());
        Path socket = serve(new MemoryDevice(new byte[4096]), few);
        Peer settled = open(Peer.simple(socket));
        for (int i = 0; i < 7; i++) {
            Peer silent = open(new Peer(socket));
            silent.receive(18);
            if (i % 2 == 0) {
                silent.send(Peer.flags());
            }
        }
        Thread.sleep(300);
        for (int i = 0; i < 5; i++) {
            open(Peer.simple(socket)).expectAlive();
        }
        settled.expectAlive();
        assertThat(threads("nbd")).isLessThanOrEqualTo(8 + 8);
    }

    /// Half of the socket is closed: what was asked before is answered, then the other half ends, too.
    @Test
    void a_peer_that_closes_its_half_gets_its_answers_and_is_then_closed() throws Exception {
        var device = new MemoryDevice(new byte[4096]);
        Path socket = serve(device, LIMITS);
        Peer peer = open(Peer.simple(socket));
        peer.send(Peer.write(0, 1, 0, new byte[] {1, 2, 3})).send(Peer.request(0, 3, 2, 0, 0));
        peer.channel().shutdownOutput();
        assertThat(List.of(peer.hex(16), peer.hex(16)))
                .containsExactlyInAnyOrder(Peer.simpleReply(0, 1), Peer.simpleReply(0, 2));
        peer.expectClosed();
        assertThat(device.bytes).startsWith(1, 2, 3);

        byte[] all = Peer.join(Peer.flags(), Peer.go("vol-7"), Peer.write(0, 1, 0, new byte[512]));
        for (int length = 0; length < all.length; length += 37) {
            Peer cut = open(new Peer(socket));
            cut.send(java.util.Arrays.copyOf(all, length));
            cut.channel().shutdownOutput();
            cut.drainToEnd();
        }
        // Its other half: it cannot be answered, and must not keep its place.
        Peer deaf = open(Peer.simple(socket));
        deaf.channel().shutdownInput();
        try {
            for (int i = 0; i < 1000; i++) {
                deaf.send(Peer.request(0, 0, i, 0, 4096));
            }
        } catch (IOException e) {
            assertThat(e).isNotNull();
        }
        for (int i = 0; i < 100 && threads("nbd") > 0; i++) {
            Thread.sleep(50);
        }
        assertThat(threads("nbd")).isZero();
        assertThat(threads("nbd-deferred")).isZero();
    }

    private Path serve(MemoryDevice device, NbdLimits limits) {
        Path socket = root.resolve("s");
        Exports exports = Exports.one("vol-7", Export.writable(device, ""));
        open.add(NbdServer.listen(socket, exports, SocketAccess.OWNER, limits));
        return socket;
    }

    private Peer open(Peer peer) {
        open.add(peer);
        return peer;
    }

    /// Sends a byte ten times a second.
    private static long millisUntilCutOff(Peer peer) throws InterruptedException {
        long start = System.nanoTime();
        long millis = 0;
        try {
            while (millis < 20_000) {
                peer.send("x".getBytes(UTF_8));
                Thread.sleep(100);
                millis = (System.nanoTime() - start) / 1_000_000;
            }
        } catch (IOException e) {
            millis = (System.nanoTime() - start) / 1_000_000; // the pipe broke: cut off
        }
        return millis;
    }

    private static byte[][] flushes(int from, int count) {
        var all = new byte[count][];
        for (int i = 0; i < count; i++) {
            all[i] = Peer.request(0, 3, from + i, 0, 0);
        }
        return all;
    }

    private static void await(CountDownLatch gate) {
        try {
            gate.await();
        } catch (InterruptedException e) {
            throw new FaultException(new VolumeFault.Closed(MemoryDevice.ID), e);
        }
    }

    private static long threads(String name) {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals(name))
                .count();
    }
}
