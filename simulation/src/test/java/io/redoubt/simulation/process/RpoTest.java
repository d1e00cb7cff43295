// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.grant.GrantHolder;
import io.redoubt.core.grant.GrantTimes;
import io.redoubt.simulation.link.Relay;
import io.redoubt.storage.replication.SourceVolume;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A98: what is lost when a site is lost, seen in the data and not in what anybody says of it. A writer stamps a block all the time; the
/// link is cut at random moments; what the newest point at the receiver then holds is what would have survived.
class RpoTest {
    /// Side by side: after a cut a source takes seconds to call again.
    private static final int GROUPS = 10;

    private static final int CUTS = 10;
    private static final int PORT_MIN = 20_000;
    private static final int BETWEEN_MILLIS_MAX = 400;
    private static final Duration FRESH_MAX = Duration.ofSeconds(30);

    /// The row wants a quarter of an hour. This is the interval of the points, a quarter of a second, the way, and what a busy host adds.
    private static final long LOST_MILLIS_MAX = 5_000;

    private static final long LOST_MILLIS_MEDIAN = 1_000;

    @TempDir Path home;

    @Test
    void a_hundred_cuts_lose_no_more_than_an_interval_and_its_way() throws Exception {
        List<Long> lost = new ArrayList<>();
        try (var threads = Executors.newFixedThreadPool(GROUPS)) {
            List<Callable<List<Long>>> groups = new ArrayList<>();
            for (int i = 0; i < GROUPS; i++) {
                int number = i;
                groups.add(() -> cuts(home.resolve("group-" + number), number));
            }
            for (Future<List<Long>> group : threads.invokeAll(groups)) {
                lost.addAll(group.get());
            }
        }
        Collections.sort(lost);
        System.out.printf(
                "lost by %d cuts: median %d ms, at most %d ms%n",
                lost.size(), lost.get(lost.size() / 2), lost.getLast());
        assertThat(lost).hasSize(GROUPS * CUTS);
        assertThat(lost.getLast()).isLessThan(LOST_MILLIS_MAX);
        assertThat(lost.get(lost.size() / 2)).isLessThan(LOST_MILLIS_MEDIAN);
        assertThat(lost.getFirst()).as("nothing of after a cut came through").isNotNegative();
    }

    private static List<Long> cuts(Path home, int number) throws Exception {
        var random = new SplittableRandom(98 + number);
        var here =
                new InetSocketAddress(
                        InetAddress.getLoopbackAddress(), freePort(PORT_MIN + 100 * number));
        var grants =
                new RealSource.Grants(
                        new GrantHolder(GrantTimes.DEFAULT, 1), () -> GrantHolder.Standing.GRANTED);
        List<Long> lost = new ArrayList<>();
        try (var receiver = new RealReceiver(home.resolve("journal"), 0);
                var relay = new Relay(here, toReceiver(receiver));
                var source =
                        new RealSource(
                                home.resolve("source"),
                                Scenario.KILLS,
                                here,
                                1,
                                grants,
                                raw -> raw);
                var stamps = new Stamps(source.volumes.getFirst())) {
            source.link.start();
            while (lost.size() < CUTS) {
                awaitNewPoint(receiver);
                Thread.sleep(random.nextInt(BETWEEN_MILLIS_MAX));
                relay.cut();
                long cutAt =
                        System.currentTimeMillis(); // what is written from here on cannot travel
                lost.add(cutAt - survived(source, receiver));
                relay.heal();
            }
            assertThat(stamps.writer.isAlive()).as("it wrote all the time").isTrue();
        }
        return lost;
    }

    /// A point that was on its way does not count: what is there when the link is down.
    private static long survived(RealSource source, RealReceiver receiver) {
        ByteBuffer stamp = ByteBuffer.allocate(Stamps.BLOCK);
        long newest = receiver.hosted.points().getLast().number();
        receiver.hosted.view(newest).volume(source.volumes.getFirst().id()).read(0, stamp);
        return stamp.getLong(0);
    }

    private static void awaitNewPoint(RealReceiver receiver) throws InterruptedException {
        long before = newest(receiver);
        long end = System.nanoTime() + FRESH_MAX.toNanos();
        while (newest(receiver) <= before) {
            assertThat(System.nanoTime()).as("a new point comes").isLessThan(end);
            Thread.sleep(5);
        }
    }

    private static long newest(RealReceiver receiver) {
        var points = receiver.hosted.points();
        return points.isEmpty() ? 0 : points.getLast().number();
    }

    private static InetSocketAddress toReceiver(RealReceiver receiver) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), receiver.port());
    }

    /// Below the ports that the kernel gives to connections: one of those would take the relay's while the link is cut.
    private static int freePort(int from) throws IOException {
        for (int port = from; ; port++) {
            try (var socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return socket.getLocalPort();
            } catch (BindException e) {
                assertThat(port).as(e.getMessage()).isLessThan(from + 100);
            }
        }
    }

    /// Writes the time into the first block, again and again.
    private static final class Stamps implements AutoCloseable {
        static final int BLOCK = 4096;
        private static final long PAUSE_MILLIS = 5;

        private final Thread writer;

        Stamps(SourceVolume volume) {
            writer = Thread.ofPlatform().name("stamps").start(() -> write(volume));
        }

        private static void write(SourceVolume volume) {
            byte[] block = new byte[BLOCK];
            try {
                while (true) {
                    ByteBuffer.wrap(block).putLong(System.currentTimeMillis());
                    volume.write(0, ByteBuffer.wrap(block));
                    Thread.sleep(PAUSE_MILLIS);
                }
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public void close() {
            writer.interrupt();
            try {
                writer.join();
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
