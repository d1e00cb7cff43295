// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Peers that say anything at all, while an honest client reads and writes beside them: it sees nothing of it, and nothing is left behind,
/// neither descriptors nor threads nor memory.
@Timeout(600)
class HostilePeerTest {
    private static final int SIZE = 1 << 20;
    private static final NbdLimits LIMITS =
            new NbdLimits(Duration.ofSeconds(2), Duration.ofSeconds(2), 32, Duration.ofSeconds(5));

    @TempDir Path root;
    private final MemoryDevice device =
            new MemoryDevice(new byte[2 * SIZE]) {
                @Override
                public long size() {
                    return SIZE; // the honest client's half is behind the hostile ones' end
                }
            };
    private final MemoryDevice honest = new MemoryDevice(new byte[SIZE]);
    private NbdServer server;
    private Path socket;
    private final AtomicBoolean over = new AtomicBoolean();
    private final AtomicLong rounds = new AtomicLong();
    private final AtomicReference<@Nullable Throwable> harm = new AtomicReference<>();
    private Thread client;

    @BeforeEach
    void start() {
        socket = root.resolve("s");
        Export attacked = Export.writable(device, "attacked");
        Export used = Export.writable(honest, "used");
        Exports both =
                name ->
                        name.equals("honest")
                                ? java.util.Optional.of(used)
                                : java.util.Optional.of(attacked);
        server = NbdServer.listen(socket, both, SocketAccess.OWNER, LIMITS);
        client = Thread.ofPlatform().start(this::workHonestly);
    }

    @AfterEach
    void stop() throws Exception {
        over.set(true);
        client.join();
        server.close();
    }

    @Test
    void no_seed_of_nonsense_harms_the_server_or_its_other_clients() throws Exception {
        fuzz(3000);
    }

    @Test
    @Tag("long")
    void no_seed_of_much_nonsense_harms_the_server_or_its_other_clients() throws Exception {
        fuzz(20_000);
    }

    @Test
    void a_thousand_aborted_connections_leave_nothing_behind() throws Exception {
        abort(1000);
    }

    @Test
    @Tag("long")
    void ten_thousand_aborted_connections_leave_nothing_behind() throws Exception {
        abort(10_000);
    }

    /// As many slow peers as there is room for: each sends a byte now and then. They are cut off, and room comes back.
    @Test
    void slow_peers_are_cut_off_in_every_phase() throws Exception {
        byte[] all =
                Peer.join(
                        Peer.flags(),
                        Peer.option(8, new byte[0]),
                        Peer.go("x"),
                        Peer.write(0, 1, 0, new byte[4096]));
        var peers = new ArrayList<Peer>();
        try {
            for (int i = 0; i < 24; i++) {
                var peer = new Peer(socket);
                peers.add(peer);
                peer.send(Arrays.copyOf(all, i * all.length / 30 + 1));
            }
            long end = System.nanoTime() + 20_000_000_000L;
            int cut = 0;
            while (cut < peers.size() && System.nanoTime() < end) {
                cut = 0;
                for (Peer peer : peers) {
                    cut += sendQuietly(peer, new byte[] {0}) ? 0 : 1;
                }
                Thread.sleep(100);
            }
            assertThat(cut).isEqualTo(peers.size());
        } finally {
            for (Peer peer : peers) {
                peer.close();
            }
        }
        requireUnharmed();
    }

    private void fuzz(int seeds) throws Exception {
        settle();
        long descriptors = descriptors();
        for (long seed = 0; seed < seeds; seed++) {
            var random = new SplittableRandom(seed);
            try (var peer = new Peer(socket)) {
                for (byte[] message : nonsense(random)) {
                    if (!sendQuietly(peer, message)) {
                        break;
                    }
                    if (random.nextBoolean()) {
                        peer.drainQuietly();
                    }
                }
            } catch (IOException e) {
                assertThat(e).as("seed %d", seed).hasMessageContaining("refused");
            }
            if (seed % 100 == 0) {
                requireUnharmed();
            }
        }
        requireNothingLeft(descriptors);
    }

    private void abort(int count) throws Exception {
        settle();
        long descriptors = descriptors();
        long memory = directMemory();
        byte[] all =
                Peer.join(
                        Peer.flags(),
                        Peer.option(8, new byte[0]),
                        Peer.metaContext(10, "x", "base:allocation"),
                        Peer.go("x"),
                        Peer.request(0, 0, 1, 0, 300_000),
                        Peer.request(0, 3, 2, 0, 0),
                        Peer.write(0, 3, 0, new byte[100_000]));
        var random = new SplittableRandom(7);
        for (int i = 0; i < count; i++) {
            try (var peer = new Peer(socket)) {
                sendQuietly(peer, Arrays.copyOf(all, random.nextInt(all.length + 1)));
            }
        }
        requireNothingLeft(descriptors);
        assertThat(directMemory() - memory).as("bytes outside the heap").isLessThan(64 << 20);
    }

    /// A conversation that begins well and goes wrong anywhere: lengths, numbers, flags, cuts, or plain noise.
    private static List<byte[]> nonsense(SplittableRandom random) {
        var messages = new ArrayList<byte[]>();
        if (random.nextInt(20) != 0) {
            messages.add(Peer.flags());
        }
        int options = random.nextInt(6);
        for (int i = 0; i < options; i++) {
            messages.add(option(random));
        }
        if (random.nextInt(4) != 0) {
            messages.add(random.nextBoolean() ? Peer.go("x") : Peer.option(1, "x".getBytes(UTF_8)));
            int requests = random.nextInt(30);
            for (int i = 0; i < requests; i++) {
                messages.add(request(random));
            }
        }
        int spoiled = messages.isEmpty() ? 0 : random.nextInt(messages.size());
        for (int i = 0; i < messages.size(); i++) {
            byte[] message = messages.get(i);
            if (i == spoiled || random.nextInt(30) == 0) {
                for (int flips = random.nextInt(4); flips > 0 && message.length > 0; flips--) {
                    int at = random.nextInt(Math.min(message.length, 64));
                    message[at] = (byte) random.nextInt(256);
                }
            }
            if (random.nextInt(40) == 0) {
                messages.set(i, Arrays.copyOf(message, random.nextInt(message.length + 1)));
            }
        }
        return messages;
    }

    private static byte[] option(SplittableRandom random) {
        int kind = random.nextInt(13);
        return switch (random.nextInt(5)) {
            case 0 -> Peer.option(kind, noise(random, random.nextInt(40)));
            case 1 -> Peer.option(kind, noise(random, random.nextInt(40_000)));
            case 2 -> Peer.metaContext(9 + random.nextInt(2), "x", "base:allocation", "a:b");
            case 3 -> Peer.option(6, Peer.info("x", 1, 2, 3, random.nextInt(65536)));
            default ->
                    ByteBuffer.allocate(16)
                            .putLong(0x49484156454f5054L)
                            .putInt(kind)
                            .putInt(random.nextInt())
                            .array();
        };
    }

    private static byte[] request(SplittableRandom random) {
        long offset =
                switch (random.nextInt(4)) {
                    case 0 -> random.nextLong();
                    case 1 -> SIZE - random.nextInt(5000);
                    default -> random.nextInt(SIZE);
                };
        int length =
                switch (random.nextInt(5)) {
                    case 0 -> random.nextInt();
                    case 1 -> random.nextInt(2 * SIZE);
                    default -> random.nextInt(100_000);
                };
        int command = random.nextInt(9);
        int flags = random.nextInt(3) == 0 ? random.nextInt(65536) : random.nextInt(32);
        byte[] head = Peer.request(flags, command, random.nextLong(), offset, length);
        return command == 1 ? Peer.join(head, noise(random, Math.clamp(length, 0, 200_000))) : head;
    }

    private static byte[] noise(SplittableRandom random, int count) {
        var bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }

    /// Writes, flushes and reads back what it wrote, on one connection that nobody may disturb.
    private void workHonestly() {
        var random = new SplittableRandom(99);
        var expected = new byte[SIZE];
        try (var nbd = NbdClient.connect(socket, "honest")) {
            while (!over.get()) {
                byte[] bytes = noise(random, random.nextInt(1, 50_000));
                int at = random.nextInt(SIZE - bytes.length);
                nbd.write(at, ByteBuffer.wrap(bytes));
                System.arraycopy(bytes, 0, expected, at, bytes.length);
                int from = random.nextInt(SIZE - 50_000);
                ByteBuffer into = ByteBuffer.allocate(50_000);
                nbd.read(from, into);
                if (!Arrays.equals(into.array(), 0, 50_000, expected, from, from + 50_000)) {
                    throw new AssertionError("other bytes at " + from);
                }
                nbd.flush();
                rounds.incrementAndGet();
            }
        } catch (RuntimeException | AssertionError e) {
            harm.set(e);
        }
    }

    private void requireUnharmed() throws InterruptedException {
        long before = rounds.get();
        long end = System.nanoTime() + 10_000_000_000L;
        while (rounds.get() < before + 3 && harm.get() == null && System.nanoTime() < end) {
            Thread.sleep(5);
        }
        assertThat(harm.get()).isNull();
        assertThat(rounds.get()).as("rounds of the honest client").isGreaterThan(before);
        for (int i = SIZE; i < device.bytes.length; i++) {
            assertThat(device.bytes[i]).isZero();
        }
    }

    private void requireNothingLeft(long descriptorsBefore) throws Exception {
        requireUnharmed();
        long end = System.nanoTime() + 20_000_000_000L;
        while ((descriptors() > descriptorsBefore || connectionThreads() > 2)
                && System.nanoTime() < end) {
            Thread.sleep(50);
        }
        assertThat(descriptors()).as("descriptors").isLessThanOrEqualTo(descriptorsBefore);
        assertThat(connectionThreads()).as("threads, two of the honest client").isEqualTo(2);
    }

    /// Everything that is opened once is open.
    private void settle() throws Exception {
        try (var peer = new Peer(socket)) {
            peer.receive(18);
        }
        requireUnharmed();
        Thread.sleep(100);
    }

    private static boolean sendQuietly(Peer peer, byte[] bytes) {
        try {
            peer.send(bytes);
            return true;
        } catch (IOException _) {
            return false; // it was cut off, as it should be
        }
    }

    private static long descriptors() throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return all.count();
        }
    }

    private static long connectionThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(t -> t.getName().equals("nbd") || t.getName().equals("nbd-deferred"))
                .count();
    }

    private static long directMemory() {
        return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .mapToLong(BufferPoolMXBean::getMemoryUsed)
                .sum();
    }
}
