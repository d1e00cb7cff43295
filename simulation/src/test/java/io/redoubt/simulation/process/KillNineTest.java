// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Two processes, source and receiver, under SIGKILL at any moment (I1, I4, I5, I7, I12): no acknowledged write is lost at the source,
/// every point is exact, and after the last kill both sides come together again. `-Dseed=N` draws the same moments and the same load.
class KillNineTest {
    private static final Duration SHORT = Duration.ofSeconds(20);
    private static final Duration LONG = Duration.ofMinutes(5);
    private static final int LIFE_MILLIS_MAX = 2_500;

    /// However slow the host is, so many lives of the source have ended.
    private static final int LIVES_MIN = 6;

    private static final long DRAIN_SECONDS_MAX = 120;

    @TempDir Path home;

    @Test
    void two_processes_survive_kill_nine_for_twenty_seconds() throws Exception {
        killFor(SHORT);
    }

    @Test
    @Tag("long")
    void two_processes_survive_kill_nine_for_five_minutes() throws Exception {
        killFor(LONG);
    }

    private void killFor(Duration duration) throws Exception {
        long seed = Long.getLong("seed", System.nanoTime() & 0xFFFFFF);
        System.out.println("KillNineTest seed " + seed);
        var random = new SplittableRandom(seed);
        String address = freeAddress();
        int life = 1;
        int kills = 0;
        Child receiver = receiver(address);
        Child source = source(address, seed, life);
        try {
            long end = System.nanoTime() + duration.toNanos();
            while (System.nanoTime() < end || life <= LIVES_MIN) {
                Thread.sleep(random.nextInt(LIFE_MILLIS_MAX));
                if (random.nextBoolean()) {
                    source.kill();
                    source = source(address, seed, ++life);
                } else {
                    receiver.kill();
                    Thread.sleep(random.nextInt(4) == 0 ? random.nextInt(LIFE_MILLIS_MAX) : 0);
                    receiver = receiver(address);
                }
                kills++;
            }
            String drained = source.ask("drain", "drained", DRAIN_SECONDS_MAX);
            source.awaitEnd();
            receiver.kill();
            judge(seed, Long.parseLong(drained.substring("drained ".length())), kills);
        } finally {
            source.kill();
            receiver.kill();
        }
    }

    private void judge(long seed, long drainedPoint, int kills) throws IOException {
        try (var judge =
                new Judge(Scenario.KILLS, home, home.resolve(ReceiverProcess.JOURNAL), seed)) {
            judge.judge(drainedPoint);
            System.out.printf(
                    "%d kills, %d acknowledged writes, %d points, %d states compared after a start%n",
                    kills,
                    judge.acknowledged(),
                    judge.points().size(),
                    judge.comparedAfterStarts());
            assertThat(judge.comparedAfterStarts())
                    .as("states compared after a start")
                    .isGreaterThan(2);
            assertThat(judge.acknowledged()).as("acknowledged writes").isGreaterThan(100);
        }
    }

    private Child source(String address, long seed, int life) throws Exception {
        return new Child(
                List.of(),
                SourceProcess.class,
                home.resolve("source-" + life + ".err"),
                Scenario.KILLS.name(),
                home.toString(),
                address,
                String.valueOf(seed),
                String.valueOf(life));
    }

    private Child receiver(String address) throws Exception {
        return new Child(
                List.of(),
                ReceiverProcess.class,
                home.resolve("receiver-" + System.nanoTime() + ".err"),
                Scenario.KILLS.name(),
                home.toString(),
                address,
                home.resolve(ReceiverProcess.JOURNAL).toString());
    }

    private static String freeAddress() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return "127.0.0.1:" + socket.getLocalPort();
        }
    }
}
