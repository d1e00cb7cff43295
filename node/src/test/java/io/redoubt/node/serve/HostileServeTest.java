// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.serve;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.storage.nbd.NbdClient;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Thousands of peers that say half of something and go, against a server in a process of its own with a heap of 96 MiB. What it holds is
/// read from the kernel: memory, descriptors, threads. Beside them an honest client writes, reads back and is timed.
@Timeout(600)
class HostileServeTest {
    private static final int SIZE = 16 << 20;
    private static final int WARM_UP = 300;
    private static final int HELD_OPEN_MAX = 40;
    private static final long RSS_GROWTH_MAX = 48L << 20;
    private static final long LATENCY_NANOS_MAX = 3_000_000_000L;

    @TempDir Path root;
    private ServeProcess server;
    private Path socket;
    private volatile boolean over;
    private volatile @Nullable Throwable harm;
    private final AtomicLong rounds = new AtomicLong();
    private volatile long slowestNanos;
    private Thread client;

    @BeforeEach
    void start() throws IOException {
        socket = root.resolve("s");
        server =
                ServeProcess.start(
                        "--size=16MiB", "--dir=" + root.resolve("v"), "--socket=" + socket);
        client = Thread.ofPlatform().start(this::workHonestly);
    }

    @AfterEach
    void stop() throws InterruptedException {
        over = true;
        client.join();
        server.close();
    }

    @Test
    void two_thousand_aborted_connections_cost_a_server_nothing() throws Exception {
        abort(2000);
    }

    @Test
    @Tag("long")
    void ten_thousand_aborted_connections_cost_a_server_nothing() throws Exception {
        abort(10_000);
    }

    private void abort(int count) throws Exception {
        var random = new Random(11);
        come(WARM_UP, random);
        awaitQuiet(9);
        long descriptors = descriptors();
        long threads = status("Threads:");
        long memory = status("VmRSS:") << 10;
        slowestNanos = 0;
        long before = rounds.get();
        come(count, random);
        awaitQuiet(descriptors);
        long grown = (status("VmRSS:") << 10) - memory;
        System.out.printf(
                "%d aborted connections: %d KiB more resident (%d before), descriptors %d and %d, threads %d and %d, "
                        + "%d honest rounds, the slowest request took %d ms%n",
                count,
                grown >> 10,
                memory >> 10,
                descriptors,
                descriptors(),
                threads,
                status("Threads:"),
                rounds.get() - before,
                slowestNanos / 1_000_000);
        assertThat(harm).isNull();
        assertThat(grown).as("bytes that stay resident").isLessThan(RSS_GROWTH_MAX);
        assertThat(descriptors()).isLessThanOrEqualTo(descriptors);
        assertThat(status("Threads:")).isLessThanOrEqualTo(threads + 2);
        assertThat(rounds.get()).isGreaterThan(before + 10);
        assertThat(slowestNanos).isLessThan(LATENCY_NANOS_MAX);
    }

    /// Each peer ends somewhere else: in the negotiation, in a request, in a payload, before it has taken its replies; some leave only half,
    /// and some stay for a while.
    private void come(int count, Random random) throws IOException {
        byte[] all = conversation();
        var held = new ArrayDeque<SocketChannel>();
        for (int i = 0; i < count; i++) {
            SocketChannel peer = SocketChannel.open(StandardProtocolFamily.UNIX);
            try {
                peer.connect(UnixDomainSocketAddress.of(socket));
                peer.configureBlocking(false); // it says what fits, and waits for nothing
                int said =
                        peer.write(
                                ByteBuffer.wrap(
                                        Arrays.copyOf(all, random.nextInt(all.length + 1))));
                assertThat(said).isNotNegative();
                switch (random.nextInt(8)) {
                    case 0 -> peer.shutdownOutput();
                    case 1 -> peer.shutdownInput();
                    default -> {
                        // both halves
                    }
                }
            } catch (IOException e) {
                assertThat(e).isNotNull(); // too many at once, or cut off already
            }
            if (random.nextInt(10) == 0) {
                held.add(peer);
                if (held.size() > HELD_OPEN_MAX) {
                    held.remove().close();
                }
            } else {
                peer.close();
            }
        }
        for (SocketChannel peer : held) {
            peer.close();
        }
    }

    private static byte[] conversation() {
        byte[] name = "volume".getBytes(US_ASCII);
        ByteBuffer all = ByteBuffer.allocate(300_000).putInt(3);
        option(all, 8, new byte[0]);
        option(all, 99, new byte[5000]);
        option(
                all,
                7,
                ByteBuffer.allocate(6 + name.length)
                        .putInt(name.length)
                        .put(name)
                        .putShort((short) 0)
                        .array());
        for (int i = 0; i < 40; i++) {
            request(all, 0, i, 2_000_000); // replies that nobody takes
            request(all, 3, i, 0);
            request(all, 5, i, 4 << 20);
        }
        request(all, 7, 1, SIZE);
        request(all, 1, 2, 1 << 20); // a payload that ends early
        return Arrays.copyOf(all.array(), all.position() + 100_000);
    }

    private static void option(ByteBuffer all, int option, byte[] data) {
        all.putLong(0x49484156454f5054L).putInt(option).putInt(data.length).put(data);
    }

    private static void request(ByteBuffer all, int command, long cookie, int length) {
        all.putInt(0x25609513).putShort((short) 0).putShort((short) command);
        // The lower half of the volume is theirs, the upper half is the honest client's.
        all.putLong(cookie).putLong(command == 3 ? 0 : cookie).putInt(Math.min(length, SIZE / 2));
    }

    private void workHonestly() {
        var random = new Random(99);
        var expected = new byte[SIZE / 2];
        try (var nbd = NbdClient.connect(socket, "volume")) {
            while (!over) {
                var bytes = new byte[random.nextInt(1, 50_000)];
                random.nextBytes(bytes);
                int at = random.nextInt(expected.length - bytes.length);
                timed(() -> nbd.write(SIZE / 2 + at, ByteBuffer.wrap(bytes)));
                System.arraycopy(bytes, 0, expected, at, bytes.length);
                int from = random.nextInt(expected.length - 50_000);
                ByteBuffer into = ByteBuffer.allocate(50_000);
                timed(() -> nbd.read(SIZE / 2 + from, into));
                assertThat(into.flip()).isEqualTo(ByteBuffer.wrap(expected, from, 50_000));
                timed(nbd::flush);
                rounds.incrementAndGet();
            }
        } catch (RuntimeException | AssertionError e) {
            harm = e;
        }
    }

    private void timed(Runnable request) {
        long start = System.nanoTime();
        request.run();
        slowestNanos = Math.max(slowestNanos, System.nanoTime() - start);
    }

    /// Until no more descriptors are open than this, and no more threads work for peers that have left.
    private void awaitQuiet(long descriptorsMax) throws Exception {
        long end = System.nanoTime() + 60_000_000_000L;
        long last = -1;
        while (System.nanoTime() < end) {
            Thread.sleep(500);
            long now = descriptors();
            if (now <= descriptorsMax || now == last) {
                return;
            }
            last = now;
        }
    }

    private long descriptors() throws IOException {
        try (Stream<Path> all = Files.list(process().resolve("fd"))) {
            return all.count();
        }
    }

    /// The number behind a word in the kernel's account of the process; memory in KiB.
    private long status(String word) throws IOException {
        return Files.readAllLines(process().resolve("status")).stream()
                .filter(line -> line.startsWith(word))
                .map(line -> line.replaceAll("\\D", ""))
                .mapToLong(Long::parseLong)
                .findFirst()
                .orElseThrow();
    }

    private Path process() {
        return Path.of("/proc", Long.toString(server.pid()));
    }
}
