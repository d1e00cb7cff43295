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

/// QEMU's own copying of a disk that is in use, onto a volume of ours and away from one: the ways in and out for a running machine.
@Timeout(180)
class RealMirrorTest {
    private static final int SIZE = 64 << 20;

    @TempDir Path root;
    private ServeProcess server;

    @BeforeEach
    void serve() throws IOException {
        server = start();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void a_disk_in_use_is_mirrored_onto_a_volume_and_back() throws Exception {
        Path image = randomImage();
        mirror(file(image), volume(), () -> {});
        assertThat(Files.mismatch(image, root.resolve("v/volume.raw"))).isEqualTo(-1);
        Path back = root.resolve("back");
        try (var file = new RandomAccessFile(back.toFile(), "rw")) {
            file.setLength(SIZE);
        }
        mirror(volume(), file(back), () -> {});
        assertThat(Files.mismatch(image, back)).isEqualTo(-1);
    }

    /// The server dies in the middle, twice, in either direction; QEMU waits, comes back and goes on.
    @Test
    void a_mirror_onto_a_volume_and_one_away_survive_the_death_of_the_server() throws Exception {
        Path image = randomImage();
        mirror(file(image), volume(), this::killTwice);
        assertThat(Files.mismatch(image, root.resolve("v/volume.raw"))).isEqualTo(-1);
        Path back = root.resolve("back");
        try (var file = new RandomAccessFile(back.toFile(), "rw")) {
            file.setLength(SIZE);
        }
        mirror(volume(), file(back), this::killTwice);
        assertThat(Files.mismatch(image, back)).isEqualTo(-1);
    }

    private void killTwice() throws Exception {
        for (int i = 0; i < 2; i++) {
            Thread.sleep(600);
            server.kill();
            server = start();
        }
    }

    @FunctionalInterface
    private interface Meanwhile {
        void run() throws Exception;
    }

    private void mirror(String source, String target, Meanwhile meanwhile) throws Exception {
        Tool.requireInstalled("qemu-storage-daemon");
        Path monitor = root.resolve("qmp");
        Process daemon =
                new ProcessBuilder(
                                "qemu-storage-daemon",
                                "--blockdev",
                                source + ",node-name=source",
                                "--blockdev",
                                target + ",node-name=target",
                                "--chardev",
                                "socket,id=monitor,server=on,wait=off,path=" + monitor,
                                "--monitor",
                                "chardev=monitor")
                        .redirectErrorStream(true)
                        .redirectOutput(root.resolve("daemon.out").toFile())
                        .start();
        try (Qmp qmp = Qmp.connect(monitor)) {
            qmp.run(
                    "{'execute':'blockdev-mirror','arguments':{'job-id':'copy','device':'source',"
                            + "'target':'target','sync':'full','speed':30000000}}");
            meanwhile.run();
            qmp.await("BLOCK_JOB_READY");
            qmp.run("{'execute':'job-complete','arguments':{'id':'copy'}}");
            assertThat(qmp.await("BLOCK_JOB_COMPLETED")).doesNotContain("error");
            qmp.run("{'execute':'quit'}");
            assertThat(daemon.waitFor())
                    .as("%s", Files.readString(root.resolve("daemon.out")))
                    .isZero();
        } finally {
            daemon.destroyForcibly().waitFor();
            Files.deleteIfExists(monitor);
        }
    }

    private ServeProcess start() throws IOException {
        return ServeProcess.start(
                "--size=64MiB", "--dir=" + root.resolve("v"), "--socket=" + root.resolve("s"));
    }

    private String volume() {
        return "driver=nbd,server.type=unix,server.path=%s,export=volume,reconnect-delay=60"
                .formatted(root.resolve("s"));
    }

    private static String file(Path path) {
        return "driver=file,discard=unmap,filename=" + path;
    }

    private Path randomImage() throws IOException {
        byte[] bytes = new byte[SIZE];
        new SplittableRandom(1).nextBytes(bytes);
        java.util.Arrays.fill(bytes, 10 << 20, 30 << 20, (byte) 0); // something to skip or zero
        return Files.write(root.resolve("image"), bytes);
    }
}
