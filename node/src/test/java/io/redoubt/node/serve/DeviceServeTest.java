// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.serve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.storage.nbd.NbdClient;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// `volume serve --device` on a loop device, which needs root.
@Timeout(120)
class DeviceServeTest {
    private static final int SIZE = 16 << 20;
    private static final int OLD = 7; // every byte of the device before

    @TempDir Path root;
    private Path image = Path.of(".");
    private String device = "";

    @BeforeEach
    void attach() throws Exception {
        Assumptions.assumeTrue(
                "root".equals(System.getProperty("user.name"))
                        && Files.exists(Path.of("/dev/loop-control")),
                "a loop device needs root");
        byte[] old = new byte[SIZE];
        Arrays.fill(old, (byte) OLD);
        image = Files.write(root.resolve("image"), old);
        device = run("losetup", "--find", "--show", image.toString());
    }

    @AfterEach
    void detach() throws Exception {
        if (!device.isEmpty()) {
            run("losetup", "--detach", device);
        }
    }

    private String[] arguments(String... more) {
        String[] all = Arrays.copyOf(more, more.length + 2);
        all[more.length] = "--dir=" + root.resolve("v");
        all[more.length + 1] = "--socket=" + root.resolve("s");
        return all;
    }

    @Test
    void a_kill_under_load_loses_nothing_that_was_answered_and_the_device_has_the_content()
            throws Exception {
        var writer = new AcknowledgedWriter(root.resolve("s"), SIZE);
        try (var server = ServeProcess.start(arguments("--device=" + device, "--wipe"))) {
            writer.verify(); // zeros, where the device had other bytes
            writer.start(1);
            Thread.sleep(700);
            server.kill();
            writer.awaitCut();
        }
        byte[] mark = "on the device".getBytes(UTF_8);
        try (var server = ServeProcess.start(arguments())) { // the directory remembers the device
            writer.verify();
            assertThat(writer.acknowledged()).isGreaterThan(100);
            try (var client = NbdClient.connect(root.resolve("s"), "volume")) {
                client.write(5000, ByteBuffer.wrap(mark));
                client.flush();
            }
            assertThat(server.terminate()).isZero();
        }
        assertThat(root.resolve("v/volume.raw")).doesNotExist();
        byte[] stored = Files.readAllBytes(image);
        assertThat(stored).hasSize(SIZE);
        assertThat(Arrays.copyOfRange(stored, 5000, 5000 + mark.length)).isEqualTo(mark);
    }

    @Test
    void a_device_is_not_touched_before_the_operator_has_said_that_it_may_be_wiped()
            throws Exception {
        refused("give it with --device and --wipe", "--device=" + device);
        refused("16777216 bytes", "--device=" + device, "--wipe", "--size=1MiB");
        refused("neither encrypted", "--device=" + device, "--wipe", "--integrity");
        byte[] untouched = new byte[SIZE];
        Arrays.fill(untouched, (byte) OLD);
        assertThat(Files.readAllBytes(image)).isEqualTo(untouched);
    }

    @Test
    void a_volume_is_never_served_from_another_device_nor_a_device_twice() throws Exception {
        try (var _ = ServeProcess.start(arguments("--device=" + device, "--wipe"))) {
            Tool.Result second =
                    ServeProcess.refused(
                            "--device=" + device,
                            "--wipe",
                            "--dir=" + root.resolve("w"),
                            "--socket=" + root.resolve("t"));
            assertThat(second.output()).contains("is mounted or used by another process");
        }
        refused("has its content in " + device, "--device=/dev/loop-other", "--wipe");
        String[] file = {
            "--size=1MiB", "--dir=" + root.resolve("f"), "--socket=" + root.resolve("s")
        };
        try (var server = ServeProcess.start(file)) {
            assertThat(server.terminate()).isZero();
        }
        Tool.Result moved =
                ServeProcess.refused(
                        "--device=" + device,
                        "--wipe",
                        "--dir=" + root.resolve("f"),
                        "--socket=" + root.resolve("s"));
        assertThat(moved.output()).contains("has its content in volume.raw");
    }

    private void refused(String why, String... more) throws Exception {
        Tool.Result result = ServeProcess.refused(arguments(more));
        assertThat(result.status()).isEqualTo(1);
        assertThat(result.output()).contains(why);
    }

    private static String run(String... words) throws Exception {
        Process process = new ProcessBuilder(List.of(words)).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
        assertThat(process.waitFor()).as(said).isZero();
        return said;
    }
}
