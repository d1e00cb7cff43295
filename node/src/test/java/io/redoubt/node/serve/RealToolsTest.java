// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Nobody who wrote these tools knows our server.
@Timeout(120)
class RealToolsTest {
    private static final int SIZE = 64 << 20;

    @TempDir Path root;
    private ServeProcess server;
    private String uri;

    @BeforeEach
    void serve() throws IOException {
        server =
                ServeProcess.start(
                        "--size=64MiB",
                        "--dir=" + root.resolve("v"),
                        "--socket=" + root.resolve("s"));
        uri = server.uri();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void nbdinfo_finds_every_ability_and_the_default_export() throws Exception {
        String info = Tool.run(root, "nbdinfo", uri);
        assertThat(info)
                .contains(
                        "newstyle-fixed",
                        "using structured packets",
                        "export-size: 67108864 (64M)",
                        "base:allocation",
                        "is_read_only: false",
                        "can_cache: true",
                        "can_df: true",
                        "can_fast_zero: true",
                        "can_flush: true",
                        "can_fua: true",
                        "can_multi_conn: true",
                        "can_trim: true",
                        "can_zero: true",
                        "block_size_minimum: 1",
                        "block_size_preferred: 4096",
                        "block_size_maximum: 33554432");
        String byDefault = "nbd+unix:///?socket=" + root.resolve("s");
        assertThat(Tool.run(root, "nbdinfo", "--list", byDefault)).contains("export=\"volume\"");
        assertThat(Tool.run(root, "nbdinfo", "--size", byDefault)).startsWith("67108864");
        assertThat(Tool.run(root, "nbdinfo", "--map", uri)).containsPattern("\\d+ +2 +zero");
        Tool.Result other =
                Tool.attempt(root, "nbdinfo", "nbd+unix:///other?socket=" + root.resolve("s"));
        assertThat(other.status()).isNotZero();
    }

    @Test
    void qemu_img_converts_compares_and_measures() throws Exception {
        Path image = randomImage();
        assertThat(Tool.run(root, "qemu-img", "info", uri)).contains("64 MiB (67108864 bytes)");
        Tool.run(
                root, "qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", image.toString(), uri);
        assertThat(
                        Tool.run(
                                root,
                                "qemu-img",
                                "compare",
                                "-f",
                                "raw",
                                "-F",
                                "raw",
                                image.toString(),
                                uri))
                .contains("identical");
        Path back = root.resolve("back");
        Tool.run(root, "qemu-img", "convert", "-f", "raw", "-O", "raw", uri, back.toString());
        assertThat(Files.mismatch(image, back)).isEqualTo(-1);
        for (String[] more :
                new String[][] {
                    {"-w"},
                    {"-w", "--flush-interval=64"},
                    {"-s", "65536"},
                    {"-w", "-s", "1048576", "-c", "60"}
                }) {
            String[] words = {"qemu-img", "bench", "-f", "raw", "-t", "none", "-c", "2000"};
            String[] all = new String[words.length + more.length + 1];
            System.arraycopy(words, 0, all, 0, words.length);
            System.arraycopy(more, 0, all, words.length, more.length);
            all[all.length - 1] = uri;
            assertThat(Tool.run(root, all)).contains("Run completed");
        }
        assertThat(Files.mismatch(image, root.resolve("v/volume.raw"))).isNotEqualTo(-1);
    }

    @Test
    void what_was_never_written_is_mapped_as_zero_and_the_rest_as_data() throws Exception {
        Tool.run(root, "qemu-io", "-f", "raw", "-c", "write -P 1 1M 1M", uri);
        assertThat(Tool.run(root, "nbdinfo", "--map", uri))
                .containsPattern("0 +1048576 +2 +zero")
                .containsPattern("1048576 +1048576 +0 +data")
                .containsPattern("2097152 +65011712 +2 +zero");
        assertThat(Tool.run(root, "qemu-img", "map", "--output=json", uri))
                .contains(
                        "\"start\": 1048576, \"length\": 1048576, \"depth\": 0, \"present\": true, \"zero\": false, \"data\": true");
        assertThat(Tool.run(root, "nbddump", "--length=1048592", uri))
                .contains("0000100000: 01 01");
    }

    @Test
    void qemu_io_uses_every_kind_of_write_and_reads_back_what_it_says() throws Exception {
        String said =
                Tool.run(
                        root,
                        "qemu-io",
                        "-f",
                        "raw",
                        "-d",
                        "unmap",
                        "-c",
                        "write -P 0xaa 0 4M",
                        "-c",
                        "write -f -P 0xbb 1M 1000k",
                        "-c",
                        "write -z 64k 100k",
                        "-c",
                        "write -z -u 512k 64k",
                        "-c",
                        "discard 2M 512k",
                        "-c",
                        "aio_write -P 0xcc 3M 64k",
                        "-c",
                        "aio_flush",
                        "-c",
                        "flush",
                        "-c",
                        "read -P 0xaa 0 64k",
                        "-c",
                        "read -P 0 64k 100k",
                        "-c",
                        "read -P 0 512k 64k",
                        "-c",
                        "read -P 0xbb 1M 1000k",
                        "-c",
                        "read -P 0 2M 512k",
                        "-c",
                        "read -P 0xcc 3M 64k",
                        "-c",
                        "read -P 0xaa 3136k 900k",
                        uri);
        assertThat(said).doesNotContain("failed", "rror");
    }

    @Test
    void a_qcow2_image_is_made_and_checked_inside_a_volume() throws Exception {
        Tool.run(root, "qemu-img", "create", "-f", "qcow2", uri, "48M");
        Tool.run(root, "qemu-io", "-f", "qcow2", "-c", "write -P 7 10M 1M", uri);
        assertThat(Tool.run(root, "qemu-img", "check", "-f", "qcow2", uri)).contains("No errors");
    }

    @Test
    void nbdcopy_copies_both_ways_over_several_connections() throws Exception {
        Path image = randomImage();
        Tool.run(
                root,
                "nbdcopy",
                "--flush",
                "--connections=4",
                "--requests=64",
                image.toString(),
                uri);
        Path back = root.resolve("back");
        Tool.run(root, "nbdcopy", "--connections=4", uri, back.toString());
        assertThat(Files.mismatch(image, back)).isEqualTo(-1);
        assertThat(Files.mismatch(image, root.resolve("v/volume.raw")))
                .as("the raw file is the volume")
                .isEqualTo(-1);
        Tool.run(root, "nbdcopy", uri, "null:");
    }

    @Test
    void fio_verifies_every_block_it_wrote() throws Exception {
        for (String[] job :
                new String[][] {
                    {"--rw=randwrite", "--bsrange=512-256k", "--fsync=32"},
                    {"--rw=randrw", "--bs=4k", "--fsync=16"},
                    {"--rw=write", "--bs=1m"}
                }) {
            String[] words = {
                "fio",
                "--name=verify",
                "--ioengine=nbd",
                "--uri=" + uri,
                "--size=48m",
                "--iodepth=32",
                "--verify=crc32c",
                "--verify_fatal=1",
                "--output-format=normal"
            };
            String[] all = new String[words.length + job.length];
            System.arraycopy(words, 0, all, 0, words.length);
            System.arraycopy(job, 0, all, words.length, job.length);
            assertThat(Tool.run(root, all)).contains("err= 0").doesNotContain("bad magic");
        }
    }

    /// The server dies under load, three times; what was acknowledged is there afterwards, and fio finds the volume sound.
    @Test
    void a_kill_under_load_loses_nothing_that_was_acknowledged() throws Exception {
        Tool.requireInstalled("fio");
        var writer = new AcknowledgedWriter(root.resolve("s"), SIZE);
        for (int round = 0; round < 3; round++) {
            writer.start(round);
            writer.awaitFirst();
            Thread.sleep(700);
            server.kill();
            writer.awaitCut();
            serve();
            assertThat(writer.acknowledged()).as("writes in round %d", round).isPositive();
            writer.verify();
        }
        String[] words = {
            "fio",
            "--name=after",
            "--ioengine=nbd",
            "--uri=" + uri,
            "--size=48m",
            "--rw=randwrite",
            "--bs=4k",
            "--iodepth=16",
            "--verify=crc32c",
            "--verify_fatal=1"
        };
        assertThat(Tool.run(root, words)).contains("err= 0");
    }

    /// fio's own verify load, cut by a kill -9: all that it wrote verifies on the volume opened again.
    @Test
    void what_fio_wrote_before_a_kill_verifies_after_it() throws Exception {
        Process fio =
                new ProcessBuilder(
                                "fio",
                                "--name=load",
                                "--ioengine=nbd",
                                "--uri=" + uri,
                                "--size=64m",
                                "--rw=write",
                                "--bs=4k",
                                "--iodepth=1",
                                "--rate_iops=2000",
                                "--verify=crc32c",
                                "--do_verify=0")
                        .directory(root.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(root.resolve("load.out").toFile())
                        .start();
        Thread.sleep(2500);
        server.kill();
        fio.waitFor();
        serve();
        long written = lastVerifiable();
        assertThat(written).isGreaterThan(1000);
        String[] words = {
            "fio",
            "--name=load",
            "--ioengine=nbd",
            "--uri=" + uri,
            "--size=" + written * 4096,
            "--rw=write",
            "--bs=4k",
            "--iodepth=1",
            "--verify=crc32c",
            "--verify_only=1",
            "--verify_fatal=1"
        };
        assertThat(Tool.run(root, words)).contains("err= 0").doesNotContain("verify:");
    }

    /// How many 4 KiB blocks from the start were written: fio wrote them in order, one at a time, and each has its magic.
    private long lastVerifiable() throws IOException {
        long count = 0;
        try (var raw = new RandomAccessFile(root.resolve("v/volume.raw").toFile(), "r")) {
            byte[] head = new byte[2];
            while (count * 4096 < SIZE) {
                raw.seek(count * 4096);
                raw.readFully(head);
                if ((head[0] & 0xff) != 0xca || (head[1] & 0xff) != 0xac) {
                    break;
                }
                count++;
            }
        }
        return count;
    }

    private Path randomImage() throws IOException {
        byte[] bytes = new byte[SIZE];
        new SplittableRandom(1).nextBytes(bytes);
        java.util.Arrays.fill(bytes, 10 << 20, 30 << 20, (byte) 0); // something to skip or zero
        return Files.write(root.resolve("image"), bytes);
    }
}
