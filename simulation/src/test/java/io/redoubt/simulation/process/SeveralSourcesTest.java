// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.storage.journal.RecoveryPoint;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Three sources of one group with real files, sockets and threads: rules 16 to 20, I2, I27, B116.
class SeveralSourcesTest {
    private static final int SOURCES = 3;
    private static final int CHAINS = 3;
    private static final int CELL = 512;
    private static final long PHASE_NANOS_MAX = 30_000_000_000L;
    private static final long PAUSE_NANOS = 300_000L;
    private static final long WAIT_NANOS_MAX = 2_000_000_000L;
    private static final long DRAIN_MILLIS_MAX = 20_000;
    private static final int POINTS_MIN = 25;

    private volatile boolean stopped;

    /// A chain writes its n-th token to the volume n modulo three, after the reply to the one before: whatever point holds a token holds all
    /// before it, on the other sources' volumes too.
    @Test
    void no_point_holds_a_token_without_the_ones_before_it_and_another_source_goes_on_with_the_cuts(
            @TempDir Path home) throws Exception {
        List<SourceNode> nodes = new ArrayList<>();
        try (var receiver = new RealReceiver(home.resolve("journal"), 0);
                ExecutorService threads = Executors.newFixedThreadPool(CHAINS)) {
            start(home, receiver, nodes);
            List<Future<Long>> chains = new ArrayList<>();
            for (int chain = 0; chain < CHAINS; chain++) {
                int number = chain;
                chains.add(threads.submit(() -> write(nodes, number)));
            }
            int before = awaitPoints(receiver, POINTS_MIN);
            SourceNode first = leader(nodes);
            first.silence();
            SourceNode second = leader(nodes);
            assertThat(second.name).isNotEqualTo(first.name);
            first.speakAgain();
            awaitPoints(receiver, before + POINTS_MIN);
            stopped = true;
            for (Future<Long> chain : chains) {
                assertThat(chain.get()).as("longest wait of a write").isLessThan(WAIT_NANOS_MAX);
            }
            drain(nodes, receiver);
            List<RecoveryPoint> points = receiver.hosted.points();
            List<RecoveryPoint> whole =
                    points.stream().filter(p -> p.vector().size() == SOURCES).toList();
            assertThat(whole)
                    .as("points that every volume has joined")
                    .hasSizeGreaterThan(POINTS_MIN);
            whole.forEach(p -> requireWholeChains(nodes, receiver, p));
        } finally {
            stopped = true;
            for (SourceNode node : nodes) {
                node.close();
            }
        }
    }

    private static void start(Path home, RealReceiver receiver, List<SourceNode> nodes)
            throws IOException {
        Map<String, ServerSocket> listeners = new HashMap<>();
        Map<String, Integer> ports = new HashMap<>();
        for (int i = 0; i < SOURCES; i++) {
            var listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
            listeners.put("node-" + i, listener);
            ports.put("node-" + i, listener.getLocalPort());
        }
        for (int i = 0; i < SOURCES; i++) {
            String name = "node-" + i;
            nodes.add(
                    new SourceNode(
                            home.resolve(name),
                            name,
                            ports,
                            Objects.requireNonNull(listeners.get(name)),
                            receiver.port()));
        }
    }

    /// One is made every 100 ms, later on a busy host.
    ///
    /// @return how many there are
    private static int awaitPoints(RealReceiver receiver, int beyond) throws InterruptedException {
        long end = System.nanoTime() + PHASE_NANOS_MAX;
        while (receiver.hosted.points().size() <= beyond) {
            assertThat(System.nanoTime()).as("waits for %d points", beyond).isLessThan(end);
            Thread.sleep(50);
        }
        return receiver.hosted.points().size();
    }

    /// @return nanoseconds of the longest write
    private long write(List<SourceNode> nodes, int chain) {
        long longest = 0;
        for (long token = 1; !stopped; token++) {
            ByteBuffer cell = ByteBuffer.allocate(CELL).putLong(0, token);
            long begin = System.nanoTime();
            nodes.get((int) (token % SOURCES)).volume.write((long) chain * CELL, cell);
            longest = Math.max(longest, System.nanoTime() - begin);
            LockSupport.parkNanos(PAUSE_NANOS);
        }
        return longest;
    }

    private static SourceNode leader(List<SourceNode> nodes) throws InterruptedException {
        for (long end = System.nanoTime() + WAIT_NANOS_MAX; System.nanoTime() < end; ) {
            for (SourceNode node : nodes) {
                if (node.link().status().connected() && node.group.cuts().leading()) {
                    return node;
                }
            }
            Thread.sleep(20);
        }
        throw new AssertionError("nobody makes the cuts");
    }

    /// I7: without load a point comes that holds every volume as it is.
    private static void drain(List<SourceNode> nodes, RealReceiver receiver)
            throws InterruptedException {
        for (long end = System.currentTimeMillis() + DRAIN_MILLIS_MAX;
                System.currentTimeMillis() < end; ) {
            List<RecoveryPoint> points = receiver.hosted.points();
            if (!points.isEmpty()
                    && nodes.stream()
                            .allMatch(n ->
                                    points.getLast().vector().getOrDefault(n.volume.id(), 0L)
                                            == n.volume.lastVseq())) {
                for (SourceNode node : nodes) {
                    assertThat(
                                    OverlapTest.content(
                                            receiver.hosted
                                                    .view(points.getLast().number())
                                                    .volume(node.volume.id())))
                            .isEqualTo(OverlapTest.content(node.volume));
                }
                return;
            }
            Thread.sleep(50);
        }
        throw new AssertionError("no point holds the last writes");
    }

    private static void requireWholeChains(
            List<SourceNode> nodes, RealReceiver receiver, RecoveryPoint point) {
        for (int chain = 0; chain < CHAINS; chain++) {
            long[] cells = new long[SOURCES];
            long newest = 0;
            for (int i = 0; i < SOURCES; i++) {
                ByteBuffer cell = ByteBuffer.allocate(8);
                receiver.hosted
                        .view(point.number())
                        .volume(nodes.get(i).volume.id())
                        .read((long) chain * CELL, cell);
                cells[i] = cell.getLong(0);
                newest = Math.max(newest, cells[i]);
            }
            for (int i = 0; i < SOURCES; i++) {
                long last = newest - Math.floorMod(newest - i, SOURCES);
                assertThat(cells[i])
                        .as("chain %d of point %d on source %d", chain, point.number(), i)
                        .isEqualTo(Math.max(0, last));
            }
        }
    }
}
