// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Peers from the network who have no certificate, or do not finish what they begin, beside one that works.
@Timeout(600)
class HostileTlsTest {
    private static final int SIZE = 8 << 20;
    private static final NbdLimits LIMITS =
            new NbdLimits(Duration.ofSeconds(2), Duration.ofSeconds(2), 32, Duration.ofSeconds(5));

    @TempDir static Path certificates;
    private final MemoryDevice device = new MemoryDevice(new byte[SIZE]);
    private final List<AutoCloseable> open = new ArrayList<>();
    private NbdServer server;
    private NbdClient honest;

    @BeforeAll
    static void makeCertificates() throws Exception {
        TestCertificates.make(certificates, "server", "EC");
        TestCertificates.make(certificates, "client", "EC");
        TestCertificates.make(certificates, "stranger", "EC");
    }

    @BeforeEach
    void start() {
        new SplittableRandom(1).nextBytes(device.bytes);
        server =
                NbdServer.listen(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        Exports.one("vol-7", Export.writable(device, "a volume")),
                        files("server", "client").context(),
                        LIMITS);
        var address =
                new NbdAddress.Tls("localhost", server.port(), files("client", "server").context());
        honest = NbdClient.connect(address, "vol-7", Retries.NONE);
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable one : open) {
            one.close();
        }
        honest.close();
        server.close();
    }

    @Test
    void no_seed_of_nonsense_before_the_end_of_the_handshake_harms_anybody() throws Exception {
        fuzz(200);
    }

    @Test
    @Tag("long")
    void no_seed_of_much_nonsense_before_the_end_of_the_handshake_harms_anybody() throws Exception {
        fuzz(20_000);
    }

    /// A byte now and then, at each place up to the middle of the handshake.
    @Test
    void slow_peers_are_cut_off_before_and_during_the_handshake() throws Exception {
        byte[] all = Peer.join(Peer.flags(), Peer.option(5, new byte[0]), hello());
        var peers = new ArrayList<Peer>();
        for (int i = 0; i < 20; i++) {
            Peer peer = open(connect());
            peers.add(peer);
            int length = i * all.length / 20;
            peer.send(Arrays.copyOf(all, Math.min(length, 20)));
            if (length > 20) {
                peer.receive(18 + 20); // greeting and yes: TLS may begin
                peer.send(Arrays.copyOfRange(all, 20, length));
            }
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
        requireUnharmed();
    }

    @Test
    void a_peer_that_takes_no_replies_over_tls_is_cut_off_and_others_are_served() throws Exception {
        SSLSocket greedy =
                (SSLSocket)
                        trusted()
                                .getSocketFactory()
                                .createSocket(plainlyGreeted(), "localhost", 0, true);
        open.add(greedy);
        greedy.startHandshake();
        greedy.getOutputStream().write(Peer.go("vol-7"));
        greedy.getInputStream().readNBytes(20 + 12 + 20 + 14 + 20);
        long start = System.nanoTime();
        boolean cut = false;
        while (!cut && System.nanoTime() - start < 20_000_000_000L) {
            try {
                greedy.getOutputStream().write(Peer.request(0, 0, 1, 0, 4 << 20));
                Thread.sleep(50);
            } catch (IOException e) {
                cut = true;
            }
            requireUnharmed();
        }
        assertThat(cut).isTrue();
    }

    /// TLS is begun, and one of the two halves of the connection ends, or both stay open without a word.
    @Test
    void half_open_connections_leave_nothing_behind() throws Exception {
        byte[] hello = hello();
        requireUnharmed();
        long descriptors = descriptors();
        for (int i = 0; i < 30; i++) {
            Peer peer = open(connect());
            peer.send(Peer.join(Peer.flags(), Peer.option(5, new byte[0])));
            peer.receive(18 + 20);
            peer.send(Arrays.copyOf(hello, i * hello.length / 30));
            switch (i % 3) {
                case 0 -> peer.channel().shutdownOutput();
                case 1 -> peer.channel().shutdownInput();
                default -> {
                    // silent
                }
            }
        }
        awaitThreads();
        for (AutoCloseable one : open) {
            one.close();
        }
        assertThat(descriptors()).isLessThanOrEqualTo(descriptors);
        requireUnharmed();
    }

    private void fuzz(int seeds) throws Exception {
        requireUnharmed();
        byte[] hello = hello();
        long descriptors = descriptors();
        for (long seed = 0; seed < seeds; seed++) {
            var random = new SplittableRandom(seed);
            try (Peer peer = connect()) {
                talkNonsense(peer, random, hello.clone());
            } catch (IOException e) {
                assertThat(e).as("seed %d", seed).isNotNull(); // cut off
            }
            if (seed % 50 == 0) {
                requireUnharmed();
            }
        }
        awaitThreads();
        assertThat(descriptors()).isLessThanOrEqualTo(descriptors);
        requireUnharmed();
    }

    /// From plain noise to a true first message of TLS in which a few bytes were changed, or that ends early.
    private static void talkNonsense(Peer peer, SplittableRandom random, byte[] hello)
            throws IOException {
        var noise = new byte[random.nextInt(3000)];
        random.nextBytes(noise);
        if (random.nextInt(8) == 0) {
            peer.send(noise);
            return;
        }
        peer.send(Peer.flags());
        for (int options = random.nextInt(3); options > 0; options--) {
            peer.send(Peer.option(random.nextInt(12), Arrays.copyOf(noise, random.nextInt(40))));
        }
        peer.send(Peer.option(5, new byte[0]));
        if (random.nextBoolean()) {
            peer.receive(18 + 20); // else it comes too early, which is refused
        }
        switch (random.nextInt(4)) {
            case 0 -> peer.send(noise);
            case 1 -> peer.send(Arrays.copyOf(hello, random.nextInt(hello.length)));
            default -> {
                for (int flips = random.nextInt(1, 5); flips > 0; flips--) {
                    hello[random.nextInt(hello.length)] = (byte) random.nextInt(256);
                }
                peer.send(hello).send(noise);
            }
        }
        if (random.nextBoolean()) {
            peer.channel().shutdownOutput();
            peer.drainToEnd();
        }
    }

    /// The first message of a client that does everything right.
    private static byte[] hello() throws SSLException {
        SSLEngine engine = trusted().createSSLEngine("localhost", 1);
        engine.setUseClientMode(true);
        ByteBuffer out = ByteBuffer.allocate(64 << 10);
        engine.wrap(ByteBuffer.allocate(0), out);
        return Arrays.copyOf(out.array(), out.position());
    }

    private static SSLContext trusted() {
        return files("client", "server").context();
    }

    private java.net.Socket plainlyGreeted() throws IOException {
        var socket = new java.net.Socket(InetAddress.getLoopbackAddress(), server.port());
        socket.getOutputStream().write(Peer.join(Peer.flags(), Peer.option(5, new byte[0])));
        socket.getInputStream().readNBytes(18 + 20);
        return socket;
    }

    private void requireUnharmed() {
        ByteBuffer into = ByteBuffer.allocate(1 << 20);
        long start = System.nanoTime();
        honest.read(777, into);
        assertThat(System.nanoTime() - start).isLessThan(5_000_000_000L);
        assertThat(into.flip()).isEqualTo(ByteBuffer.wrap(device.bytes, 777, 1 << 20));
    }

    /// Two of the honest client's connection are left.
    private static void awaitThreads() throws InterruptedException {
        long end = System.nanoTime() + 20_000_000_000L;
        while (threads() > 2 && System.nanoTime() < end) {
            Thread.sleep(50);
        }
        assertThat(threads()).isEqualTo(2);
    }

    private static long threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(t -> t.getName().equals("nbd") || t.getName().equals("nbd-deferred"))
                .count();
    }

    private static long descriptors() throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return all.count();
        }
    }

    private Peer connect() throws IOException {
        return new Peer(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
    }

    private Peer open(Peer peer) {
        open.add(peer);
        return peer;
    }

    private static boolean sendQuietly(Peer peer, byte[] bytes) {
        try {
            peer.send(bytes);
            return true;
        } catch (IOException _) {
            return false; // it was cut off, as it should be
        }
    }

    private static TlsFiles files(String own, String trusted) {
        return new TlsFiles(
                certificates.resolve(own + ".crt"),
                certificates.resolve(own + ".key"),
                certificates.resolve(trusted + ".crt"));
    }
}
