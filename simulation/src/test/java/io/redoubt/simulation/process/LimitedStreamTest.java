// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.storage.replication.SourceVolume;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Rule 24: a stream keeps to its limit, over real sockets.
class LimitedStreamTest {
    private static final int LIMIT = 512 << 10;
    private static final int WRITTEN = 1 << 20;
    private static final Duration DRAIN_MAX = Duration.ofSeconds(30);

    @TempDir Path home;

    @Test
    void what_is_written_arrives_no_faster_than_the_limit_and_points_go_on() throws Exception {
        try (var receiver = new RealReceiver(home.resolve("journal"), 0);
                var source = new RealSource(home.resolve("source"), receiver.port(), 1)) {
            source.link.start();
            long _ = source.drain(DRAIN_MAX);
            assertThat(seconds(source)).as("without a limit").isLessThan(1.5);
            source.link.limit(LIMIT);
            assertThat(seconds(source)).as("1 MiB at 512 KiB a second").isBetween(1.7, 4.0);
            source.link.limit(0);
            assertThat(seconds(source)).as("and without one again").isLessThan(1.5);
        }
    }

    /// Of random data, which nobody compresses.
    private static double seconds(RealSource source) throws InterruptedException {
        SourceVolume volume = source.volumes.getFirst();
        byte[] data = new byte[64 << 10];
        var random = new SplittableRandom(7);
        for (int at = 0; at < WRITTEN; at += data.length) {
            random.nextBytes(data);
            volume.write(at, ByteBuffer.wrap(data));
        }
        long began = System.nanoTime();
        long _ = source.drain(DRAIN_MAX);
        return (System.nanoTime() - began) / 1e9;
    }
}
