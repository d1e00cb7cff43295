// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.storage.block.RawVolume;
import io.redoubt.storage.journal.Journal;
import io.redoubt.storage.journal.RecoveryPoint;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Two processes, source and receiver, under SIGKILL at any moment (I1, I4, I5, I7, I12): no acknowledged write is lost at the source,
/// every point is exact, and after the last kill both sides come together again. `-Dseed=N` draws the same moments and the same load.
class KillNineTest {
    private static final Duration SHORT = Duration.ofSeconds(40);
    private static final Duration LONG = Duration.ofMinutes(5);
    private static final int LIFE_MILLIS_MAX = 2_500;
    private static final long READY_SECONDS_MAX = 60;
    private static final long DRAIN_SECONDS_MAX = 120;

    @TempDir Path home;

    @Test
    void two_processes_survive_kill_nine_for_forty_seconds() throws Exception {
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
        int port = freePort();
        int life = 1;
        int kills = 0;
        Child receiver = receiver(port);
        Child source = source(port, seed, life);
        try {
            long end = System.nanoTime() + duration.toNanos();
            while (System.nanoTime() < end) {
                Thread.sleep(random.nextInt(LIFE_MILLIS_MAX));
                if (random.nextBoolean()) {
                    source.kill();
                    source = source(port, seed, ++life);
                } else {
                    receiver.kill();
                    Thread.sleep(random.nextInt(4) == 0 ? random.nextInt(LIFE_MILLIS_MAX) : 0);
                    receiver = receiver(port);
                }
                kills++;
            }
            String drained = source.drain();
            receiver.kill();
            judge(seed, Long.parseLong(drained.substring("drained ".length())), kills);
        } finally {
            source.kill();
            receiver.kill();
        }
    }

    private void judge(long seed, long drainedPoint, int kills) throws IOException {
        List<LoadLog.Entry> log = LoadLog.read(home.resolve("load.log"));
        try (Journal journal = RealReceiver.open(home.resolve("journal"))) {
            assertThat(journal.damage()).isEmpty();
            assertThat(journal.points()).isNotEmpty();
            RecoveryPoint newest = journal.points().getLast();
            assertThat(newest.number()).isGreaterThanOrEqualTo(drainedPoint);
            int acknowledged = 0;
            int compared = 0;
            for (int v = 0; v < RealSource.VOLUMES.size(); v++) {
                var id = RealSource.VOLUMES.get(v);
                var replayed = new Replayed(seed, v, log);
                acknowledged += replayed.acknowledged();
                try (RawVolume local = RealSource.raw(home.resolve("source"), id)) {
                    replayed.requireSame("the source", local, Long.MAX_VALUE);
                    assertThat(OverlapTest.content(journal.view(newest.number()).volume(id)))
                            .as("I7: %s at the newest point", id)
                            .isEqualTo(OverlapTest.content(local));
                }
                assertThat(Objects.requireNonNull(newest.vector().get(id)))
                        .isGreaterThanOrEqualTo(replayed.lastAcknowledged());
                for (LoadLog.Entry found : log) {
                    if (found.kind() == LoadLog.Kind.FOUND && found.volume() == v) {
                        compared++;
                        assertThat(
                                        LoadLog.crc(
                                                OverlapTest.content(
                                                        journal.view(found.op()).volume(id))))
                                .as("I7: %s as life %d found it", id, found.process())
                                .isEqualTo(found.vseq());
                    }
                }
                for (RecoveryPoint point : journal.points()) {
                    replayed.requireSame(
                            "I1: point " + point.number(),
                            journal.view(point.number()).volume(id),
                            Objects.requireNonNull(point.vector().get(id)));
                }
            }
            System.out.printf(
                    "%d kills, %d acknowledged writes, %d points, %d states compared after a start%n",
                    kills, acknowledged, journal.points().size(), compared);
            assertThat(compared).as("states compared after a start").isGreaterThan(2);
            assertThat(acknowledged).as("acknowledged writes").isGreaterThan(100);
        }
    }

    private Child source(int port, long seed, int life) throws Exception {
        return new Child(
                SourceProcess.class,
                home.resolve("source-" + life + ".err"),
                home.toString(),
                String.valueOf(port),
                String.valueOf(seed),
                String.valueOf(life));
    }

    private Child receiver(int port) throws Exception {
        return new Child(
                ReceiverProcess.class,
                home.resolve("receiver-" + System.nanoTime() + ".err"),
                home.toString(),
                String.valueOf(port));
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /// A JVM of this build.
    private static final class Child {
        private final Process process;
        private final BufferedReader out;
        private final Path errors;

        Child(Class<?> main, Path errors, String... args) throws Exception {
            var command = new ArrayList<String>();
            command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            command.addAll(
                    List.of(
                            "-XX:+UseSerialGC",
                            "-XX:TieredStopAtLevel=1",
                            "-Xmx128m",
                            "--enable-native-access=ALL-UNNAMED",
                            "--sun-misc-unsafe-memory-access=allow",
                            "-cp",
                            System.getProperty(
                                    "surefire.test.class.path",
                                    System.getProperty("java.class.path")),
                            main.getName()));
            command.addAll(List.of(args));
            this.errors = errors;
            process =
                    new ProcessBuilder(command).redirectError(new File(errors.toString())).start();
            out = process.inputReader(StandardCharsets.UTF_8);
            expect("ready", READY_SECONDS_MAX);
        }

        private String expect(String beginning, long secondsMax) throws Exception {
            // A child that says nothing is ended, which ends the wait for its line.
            var watch =
                    Thread.ofVirtual()
                            .start(() -> {
                                try {
                                    Thread.sleep(Duration.ofSeconds(secondsMax));
                                    process.destroyForcibly();
                                } catch (InterruptedException _) {
                                    Thread.currentThread().interrupt();
                                }
                            });
            String line = out.readLine();
            watch.interrupt();
            if (line == null || !line.startsWith(beginning)) {
                kill();
                throw new AssertionError(
                        "expected '%s', the process said '%s'%n%s"
                                .formatted(beginning, line, Files.readString(errors)));
            }
            return line;
        }

        String drain() throws Exception {
            process.outputWriter(StandardCharsets.UTF_8).append("drain\n").flush();
            String line = expect("drained", DRAIN_SECONDS_MAX);
            process.waitFor(READY_SECONDS_MAX, TimeUnit.SECONDS);
            return line;
        }

        void kill() throws InterruptedException {
            process.destroyForcibly();
            process.waitFor(READY_SECONDS_MAX, TimeUnit.SECONDS);
        }
    }
}
