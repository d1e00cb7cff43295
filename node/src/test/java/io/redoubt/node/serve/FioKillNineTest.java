// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// fio writes checksummed blocks and reads them back while the server is killed every few seconds. Between the two stands QEMU's own
/// block layer, as it does for a guest: it holds what the server had not answered, connects again and sends it again. So fio sees
/// one disk that is slow at times, and every block that was ever acknowledged to QEMU must have fio's checksum.
///
/// A killed process keeps the page cache; what a power loss leaves is the simulator's part (`VolumeWorldTest`).
@Timeout(600)
class FioKillNineTest {
    private static final int LIFE_MILLIS_MIN = 1100; // QEMU comes back after one second
    private static final int LIFE_MILLIS_MAX = 2500;
    private static final int READ_BACK_MIN = 10;
    private static final Pattern READS = Pattern.compile("issued rwts: total=(\\d+),");
    private static final long READY_NANOS_MAX = Duration.ofSeconds(20).toNanos();

    enum Volume {
        PLAIN,
        ENCRYPTED_AND_CHECKED
    }

    @TempDir Path root;

    @ParameterizedTest
    @EnumSource
    void every_block_that_fio_wrote_has_its_checksum_however_often_the_server_is_killed(
            Volume volume) throws Exception {
        run(volume, Duration.ofSeconds(7), 2);
    }

    @ParameterizedTest
    @EnumSource
    @Tag("long")
    void five_minutes_of_kills_lose_no_block(Volume volume) throws Exception {
        run(volume, Duration.ofSeconds(150), 30);
    }

    private void run(Volume volume, Duration load, int killsMin) throws Exception {
        var random = new SplittableRandom(volume.name().hashCode());
        Tool.requireInstalled("fio");
        Tool.requireInstalled("qemu-storage-daemon");
        int kills = 0;
        ServeProcess server = serve(volume);
        Process between = between();
        try {
            Process fio = fio(load);
            try {
                long end = System.nanoTime() + load.toNanos();
                while (System.nanoTime() < end && fio.isAlive()) {
                    Thread.sleep(random.nextInt(LIFE_MILLIS_MIN, LIFE_MILLIS_MAX));
                    server.kill();
                    server = serve(volume);
                    kills++;
                }
                assertThat(fio.waitFor(2, TimeUnit.MINUTES)).as("fio ends").isTrue();
                assertThat(fio.exitValue()).as("%s", said("fio.out")).isZero();
            } finally {
                fio.destroyForcibly().waitFor();
            }
        } finally {
            between.destroyForcibly().waitFor();
            server.close();
        }
        System.out.printf("%s: %d kills%n%s%n", volume, kills, said("fio.out"));
        assertThat(kills).isGreaterThanOrEqualTo(killsMin);
        assertThat(said("fio.out")).contains("err= 0").doesNotContain("verify: bad");
        Matcher reads = READS.matcher(said("fio.out"));
        assertThat(reads.find()).isTrue();
        assertThat(Integer.parseInt(reads.group(1))).isGreaterThan(READ_BACK_MIN);
    }

    private ServeProcess serve(Volume volume) throws IOException {
        List<String> words =
                new ArrayList<>(
                        List.of(
                                "--size=64MiB",
                                "--dir=" + root.resolve("v"),
                                "--socket=" + root.resolve("s")));
        if (volume == Volume.ENCRYPTED_AND_CHECKED) {
            words.addAll(
                    List.of(
                            "--encrypt",
                            "--integrity",
                            "--region-key=" + root.resolve("region.key")));
        }
        return ServeProcess.start(words.toArray(String[]::new));
    }

    /// QEMU's block layer as a server: its client of ours comes back after each death.
    private Process between() throws Exception {
        Path socket = root.resolve("q");
        Process daemon =
                new ProcessBuilder(
                                "qemu-storage-daemon",
                                "--blockdev",
                                "driver=nbd,node-name=disk,server.type=unix,server.path=%s,export=volume,reconnect-delay=60"
                                        .formatted(root.resolve("s")),
                                "--nbd-server",
                                "addr.type=unix,addr.path=" + socket,
                                "--export",
                                "type=nbd,id=e,node-name=disk,name=volume,writable=on")
                        .redirectErrorStream(true)
                        .redirectOutput(root.resolve("between.out").toFile())
                        .start();
        long end = System.nanoTime() + READY_NANOS_MAX;
        while (!Files.exists(socket)) {
            assertThat(daemon.isAlive() && System.nanoTime() < end)
                    .as("%s", said("between.out"))
                    .isTrue();
            Thread.sleep(20);
        }
        return daemon;
    }

    /// Random writes, again and again over the same blocks, a flush after every 64, and every 128 blocks these are read back.
    private Process fio(Duration load) throws IOException {
        return new ProcessBuilder(
                        "fio",
                        "--name=kill",
                        "--ioengine=nbd",
                        "--uri=nbd+unix:///volume?socket=" + root.resolve("q"),
                        "--rw=randwrite",
                        "--bsrange=4k-32k",
                        "--size=64m",
                        "--iodepth=8",
                        "--rate=12m",
                        "--fsync=64",
                        "--time_based",
                        "--runtime=" + load.toSeconds(),
                        "--verify=crc32c",
                        "--verify_backlog=128",
                        "--verify_fatal=1",
                        "--verify_dump=0",
                        "--do_verify=1")
                .directory(root.toFile())
                .redirectErrorStream(true)
                .redirectOutput(root.resolve("fio.out").toFile())
                .start();
    }

    private String said(String file) throws IOException {
        return Files.readString(root.resolve(file));
    }
}
