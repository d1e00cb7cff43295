// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.grant.GrantHolder;
import io.redoubt.storage.block.BlockImage;
import io.redoubt.storage.replication.SourceVolume;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Real threads, real files, real sockets.
class OverlapTest {
    private static final int THREADS = 4;
    private static final int ROUNDS = 16;
    private static final long ROUND_NANOS = 250_000_000L;
    private static final Duration DRAIN_MAX = Duration.ofSeconds(60);
    private static final int LINGER_NANOS_MAX = 400_000;
    private static final int HOT_BYTES = 96 << 10;
    private static final int MOST_BYTES = 24 << 10;

    /// I8 and I7: whoever of overlapping writers wins at the source wins at the replica too.
    @Test
    void overlapping_writers_leave_the_same_winner_on_both_sides(@TempDir Path home)
            throws Exception {
        try (var receiver = new RealReceiver(home.resolve("journal"), 0);
                var source =
                        new RealSource(
                                home.resolve("source"),
                                receiver.port(),
                                1,
                                () -> GrantHolder.Standing.GRANTED,
                                raw -> new Lingering(raw, LINGER_NANOS_MAX))) {
            source.link.start();
            source.drain(DRAIN_MAX);
            for (int round = 0; round < ROUNDS; round++) {
                long written = writeAtOnce(source, round);
                assertThat(written).as("writes of round %d", round).isGreaterThan(THREADS);
                long point = source.drain(DRAIN_MAX);
                for (SourceVolume volume : source.volumes) {
                    assertThat(content(receiver.hosted.view(point).volume(volume.id())))
                            .as("%s at point %d, round %d", volume.id(), point, round)
                            .isEqualTo(content(volume));
                }
            }
        }
    }

    private static long writeAtOnce(RealSource source, int round)
            throws InterruptedException, ExecutionException {
        List<Future<Long>> running = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
            for (int thread = 0; thread < THREADS; thread++) {
                var random = new SplittableRandom(round * 100L + thread);
                running.add(threads.submit(() -> write(source, random)));
            }
            long written = 0;
            for (Future<Long> each : running) {
                written += each.get();
            }
            return written;
        }
    }

    private static long write(RealSource source, SplittableRandom random) {
        long end = System.nanoTime() + ROUND_NANOS;
        long count = 0;
        byte[] data = new byte[MOST_BYTES];
        while (System.nanoTime() < end) {
            SourceVolume volume = source.volumes.get(random.nextInt(source.volumes.size()));
            int offset = random.nextInt(HOT_BYTES / 512) * 512;
            int length = 512 * (1 + random.nextInt(MOST_BYTES / 512));
            if (random.nextInt(10) == 0) {
                volume.zero(offset, length);
            } else {
                random.nextBytes(data);
                volume.write(offset, ByteBuffer.wrap(data, 0, length));
            }
            count++;
        }
        return count;
    }

    /// I33: the age of the newest point is told from a point that is published, and nothing else makes it younger.
    @Test
    void the_newest_points_stamp_stands_still_while_the_receiver_is_gone(@TempDir Path home)
            throws Exception {
        var first = new RealReceiver(home.resolve("journal"), 0);
        int port = first.port();
        try (var source = new RealSource(home.resolve("source"), port, 1)) {
            try {
                source.link.start();
                source.drain(DRAIN_MAX);
            } finally {
                first.close();
            }
            source.volumes.getFirst().write(0, ByteBuffer.wrap(new byte[] {1, 2, 3}));
            Thread.sleep(300); // acks that are on their way
            long stamp = source.link.status().publishedStampMillis();
            long number = source.link.status().publishedNumber();
            assertThat(stamp).isPositive();
            for (int i = 0; i < 10; i++) {
                source.volumes.getFirst().write(i * 512L, ByteBuffer.allocate(512));
                source.link.cut("while nobody listens");
                Thread.sleep(200);
                assertThat(source.link.status().publishedStampMillis()).isEqualTo(stamp);
                assertThat(source.link.status().publishedNumber()).isEqualTo(number);
                assertThat(source.link.status().connected()).isFalse();
                assertThat(source.link.status().trouble()).isNotBlank();
            }
            try (var second = new RealReceiver(home.resolve("journal"), port)) {
                long point = source.drain(DRAIN_MAX);
                assertThat(source.link.status().publishedStampMillis()).isGreaterThan(stamp);
                assertThat(second.hosted.points().getLast().number()).isGreaterThanOrEqualTo(point);
            }
        }
    }

    static byte[] content(BlockImage image) {
        ByteBuffer bytes = ByteBuffer.allocate((int) image.size());
        image.read(0, bytes);
        return bytes.array();
    }
}
