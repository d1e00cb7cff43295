// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.grant.GrantHolder;
import io.redoubt.core.grant.GrantTimes;
import io.redoubt.core.grant.Grantor;
import io.redoubt.core.port.Clock;
import io.redoubt.core.system.SystemClock;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.simulation.link.Relay;
import io.redoubt.storage.journal.Checksum;
import io.redoubt.storage.journal.Journal;
import io.redoubt.storage.replication.Frame;
import io.redoubt.storage.replication.FrameCodec;
import io.redoubt.storage.replication.History;
import io.redoubt.storage.replication.HostedReceiver;
import io.redoubt.storage.replication.ReceiverServer;
import io.redoubt.storage.replication.SourceVolume;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// I31: two groups between the same two nodes. What one does to its link, its receiver or its queues costs the other no more than its share of
/// the processors: the age of its newest point keeps to a bound.
class NoisyNeighbourTest {
    private static final UUID NOISY = new UUID(0x5EED, 31);
    private static final UUID CALM = RealSource.LINEAGE;
    private static final Duration DRAIN_MAX = Duration.ofSeconds(30);
    private static final long NOISE_MILLIS = 8_000;
    private static final long DEAF_MILLIS_MAX = 30_000;

    /// Points are cut every 250 ms. Some ten of them, because this host has two processors and other work.
    private static final long AGE_MILLIS_MAX = 2_500;

    private static final Duration LOCK_MAX = Duration.ofSeconds(1);
    private static final long LINK_BYTES_PER_SECOND = 4 << 10;
    private static final int BLOCK = 4096;

    @TempDir Path home;

    /// The common pool may have one thread, which the noise takes.
    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void end() {
        threads.shutdownNow();
    }

    @Test
    void a_link_that_hardly_moves_leaves_the_points_of_another_group_young() throws Exception {
        InetSocketAddress far = loopback(0);
        try (var node = new Node(home);
                var relay = new Relay(far, node.address());
                var noisy = source("noisy", NOISY, Scenario.CALM, far);
                var calm = source("calm", CALM, Scenario.KILLS, node.address())) {
            noisy.link.start();
            calm.link.start();
            long _ = noisy.drain(DRAIN_MAX);
            long _ = calm.drain(DRAIN_MAX);
            relay.rate(LINK_BYTES_PER_SECOND);
            CompletableFuture<Long> writing =
                    CompletableFuture.supplyAsync(
                            () -> writeMuch(noisy.volumes.getFirst()), threads);
            long oldest = oldestWhile(calm, node.noisy, writing);
            assertThat(oldest).as("age of the calm group's points").isLessThan(AGE_MILLIS_MAX);
            assertThat(writing.get()).as("bytes of the noisy guest").isGreaterThan(16 << 20);
            assertThat(age(noisy)).as("the noise was felt").isGreaterThan(AGE_MILLIS_MAX);
        }
    }

    /// Its answers fill every buffer on their way. Nobody may wait for them: neither the other group, nor whoever decides over this one.
    @Test
    void a_source_that_does_not_listen_holds_up_nobody_and_loses_its_connection() throws Exception {
        try (var node = new Node(home);
                var calm = source("calm", CALM, Scenario.KILLS, node.address())) {
            calm.link.start();
            long _ = calm.drain(DRAIN_MAX);
            InetSocketAddress there = node.address();
            CompletableFuture<Long> deaf =
                    CompletableFuture.supplyAsync(() -> talkAndNeverListen(there), threads);
            long oldest = oldestWhile(calm, node.noisy, deaf);
            assertThat(oldest).as("age of the calm group's points").isLessThan(AGE_MILLIS_MAX);
            assertThat(deaf.get()).as("writes before the connection ended").isPositive();
        }
    }

    /// @return the age of the oldest newest point of the calm group in milliseconds, while this goes on
    private long oldestWhile(RealSource calm, HostedReceiver noisy, CompletableFuture<Long> noise)
            throws Exception {
        byte[] block = new byte[BLOCK];
        long oldest = 0;
        long end = System.currentTimeMillis() + DEAF_MILLIS_MAX;
        for (int i = 0; !noise.isDone() && System.currentTimeMillis() < end; i++) {
            calm.volumes.getFirst().write((i % 64) * (long) BLOCK, ByteBuffer.wrap(block));
            oldest = Math.max(oldest, age(calm));
            // Refused, but it needs the noisy group's lock.
            assertThat(CompletableFuture.supplyAsync(() -> noisy.stopGrants(0), threads))
                    .as("a decision over the noisy group")
                    .succeedsWithin(LOCK_MAX)
                    .isEqualTo(false);
            Thread.sleep(5);
        }
        assertThat(noise).as("the noise ends").isDone();
        return oldest;
    }

    private static long age(RealSource source) {
        return System.currentTimeMillis() - source.link.status().publishedStampMillis();
    }

    private static long writeMuch(SourceVolume volume) {
        byte[] data = new byte[64 << 10];
        var random = new SplittableRandom(31);
        long written = 0;
        for (long end = System.currentTimeMillis() + NOISE_MILLIS;
                System.currentTimeMillis() < end; ) {
            random.nextBytes(data);
            long at = random.nextLong(RealSource.VOLUME_BYTES / data.length) * data.length;
            volume.write(at, ByteBuffer.wrap(data));
            written += data.length;
        }
        return written;
    }

    /// Writes and asks for grants as fast as it is heard, and reads no answer.
    ///
    /// @return its writes, when the receiver ended the connection; -1 when it never did
    private static long talkAndNeverListen(InetSocketAddress receiver) {
        long vseq = 1;
        try (var socket = new Socket()) {
            socket.setReceiveBufferSize(4096);
            socket.connect(receiver);
            var volume = Scenario.KILLS.volumes().getFirst();
            var offer = new Frame.Offer(volume, RealSource.VOLUME_BYTES, 0, 1, false);
            send(socket, new Frame.Hello(History.first(NOISY), "deaf", 1, 1, List.of(offer)));
            send(socket, new Frame.PassBegin(1, List.of(new Frame.PassMember(0, 0, 1, true))));
            send(socket, new Frame.PassEnd(1, 1));
            ByteBuffer data = ByteBuffer.allocate(512);
            for (long end = System.currentTimeMillis() + DEAF_MILLIS_MAX;
                    System.currentTimeMillis() < end;
                    vseq++) {
                long at = vseq * 512 % RealSource.VOLUME_BYTES;
                send(
                        socket,
                        new Frame.Write(
                                0, vseq, vseq + 1, at, data.duplicate(), Checksum.of(data)));
                for (int i = 0; i < 16; i++) {
                    send(socket, new Frame.GrantRequest(vseq, 1));
                }
            }
        } catch (IOException _) {
            return vseq - 1;
        }
        return -1;
    }

    private static void send(Socket socket, Frame frame) throws IOException {
        ByteBuffer encoded = FrameCodec.encode(frame);
        socket.getOutputStream()
                .write(
                        encoded.array(),
                        encoded.arrayOffset() + encoded.position(),
                        encoded.remaining());
    }

    /// @param scenario with the spool of production the noisy one has much more to say than TCP takes
    private RealSource source(
            String name, UUID lineage, Scenario scenario, InetSocketAddress receiver) {
        return new RealSource(
                home.resolve(name),
                scenario,
                lineage,
                receiver,
                1,
                new RealSource.Grants(
                        new GrantHolder(GrantTimes.DEFAULT, 1), () -> GrantHolder.Standing.GRANTED),
                raw -> raw);
    }

    private static InetSocketAddress loopback(int port) throws IOException {
        if (port != 0) {
            return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        }
        try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return new InetSocketAddress(free.getInetAddress(), free.getLocalPort());
        }
    }

    /// So that what nobody reads soon fills what the kernel has for it.
    private static final class SmallBuffers extends ServerSocket {
        SmallBuffers() throws IOException {
            super(0, 16, InetAddress.getLoopbackAddress());
        }

        @Override
        public Socket accept() throws IOException {
            Socket socket = super.accept();
            socket.setSendBufferSize(16 << 10);
            return socket;
        }
    }

    /// The receiving node of both groups.
    private static final class Node implements AutoCloseable, ReceiverServer.Groups {
        final HostedReceiver noisy;
        private final HostedReceiver calm;
        private final ReceiverServer server;

        Node(Path home) throws IOException {
            noisy = hosted(home.resolve("journal-noisy"), NOISY);
            calm = hosted(home.resolve("journal-calm"), CALM);
            server = new ReceiverServer(new SmallBuffers(), this);
            server.start();
        }

        private static HostedReceiver hosted(Path directory, UUID lineage) {
            Clock clock = new SystemClock();
            return new HostedReceiver(
                    Journal.open(new SystemDisk(directory), lineage, Scenario.KILLS.journal()),
                    new Grantor(GrantTimes.DEFAULT, 1, false, false, clock.bootNanos()),
                    clock);
        }

        InetSocketAddress address() throws IOException {
            return loopback(server.port());
        }

        @Override
        public Optional<HostedReceiver> find(History history, Socket peer) {
            return Optional.ofNullable(Map.of(NOISY, noisy, CALM, calm).get(history.lineage()));
        }

        @Override
        public Collection<HostedReceiver> all() {
            return new ArrayList<>(List.of(noisy, calm));
        }

        @Override
        public void close() throws IOException {
            server.close();
            try {
                Thread.sleep(300); // its threads end by themselves
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
            noisy.close();
            calm.close();
        }
    }
}
