// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.nbd.NbdAddress;
import io.redoubt.storage.nbd.NbdClient;
import io.redoubt.storage.nbd.Retries;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class VolumeServeTest {
    @TempDir Path root;

    @Test
    void it_makes_the_volume_says_where_it_is_ends_cleanly_and_opens_it_again() throws Exception {
        Path socket = root.resolve("run/s");
        String[] arguments = {"--size=8MiB", "--dir=" + root.resolve("v"), "--socket=" + socket};
        try (var first = ServeProcess.start(arguments)) {
            assertThat(first.ready())
                    .isEqualTo(
                            "READY nbd+unix:///volume?socket=%s size=8388608 attachment=1"
                                    .formatted(socket));
            var client = NbdClient.connect(socket, "volume");
            client.write(4096, ByteBuffer.wrap(new byte[] {1, 2, 3}));
            assertThat(first.terminate()).isZero();
            assertThatThrownBy(client::flush)
                    .isInstanceOf(FaultException.class)
                    .hasMessageContaining("ended");
        }
        assertThat(Files.exists(socket)).isFalse();
        try (var again = ServeProcess.start("--dir=" + root.resolve("v"), "--socket=" + socket);
                var client = NbdClient.connect(socket, "")) {
            assertThat(again.ready()).endsWith("size=8388608 attachment=2");
            ByteBuffer into = ByteBuffer.allocate(3);
            client.read(4096, into);
            assertThat(into.array()).containsExactly(1, 2, 3);
        }
    }

    @Test
    void bad_input_is_refused_with_numbers_and_a_remedy() throws Exception {
        String dir = "--dir=" + root.resolve("v");
        String socket = "--socket=" + root.resolve("s");
        assertRefused(1, "holds no volume", "--size", dir, socket);
        assertRefused(2, "'tenGiB' is not a size", "10GiB", dir, socket, "--size=tenGiB");
        assertRefused(2, "multiple of 512", "", dir, socket, "--size=1000");
        assertRefused(2, "--socket", "", dir);
        assertRefused(2, "got -5 and 0", "0 (no limit)", dir, socket, "--iops=-5");
        assertRefused(2, "'fast' is not a size", "", dir, socket, "--bandwidth=fast");
        assertRefused(1, "full", "Free room", dir, socket, "--size=4000TiB");
        assertRefused(1, "107", "shorter", dir, "--size=1MiB", "--socket=/tmp/" + "x".repeat(120));
        ServeProcess.start(dir, socket, "--size=1MiB").close();
        assertRefused(1, "1 MiB (1048576 bytes), not 2 MiB", "", dir, socket, "--size=2MiB");
        Files.write(root.resolve("v/volume.meta"), new byte[40]);
        assertRefused(1, "volume.meta", "backup", dir, socket);
    }

    @Test
    void a_second_one_is_refused_and_with_take_over_replaces_the_first() throws Exception {
        String dir = "--dir=" + root.resolve("v");
        try (var first = ServeProcess.start(dir, "--socket=" + root.resolve("s1"), "--size=1MiB")) {
            assertRefused(
                    1,
                    "Process " + first.pid(),
                    "--take-over",
                    dir,
                    "--socket=" + root.resolve("s2"));
            try (var second =
                    ServeProcess.start(dir, "--socket=" + root.resolve("s1"), "--take-over")) {
                assertThat(first.awaitEnd()).isEqualTo(128 + 9);
                assertThat(second.ready()).endsWith("attachment=2");
                try (var client = NbdClient.connect(root.resolve("s1"), "volume")) {
                    client.write(0, ByteBuffer.allocate(512), true);
                }
            }
        }
    }

    @Test
    void a_limit_given_at_the_start_holds() throws Exception {
        String[] arguments = {
            "--size=8MiB",
            "--dir=" + root.resolve("v"),
            "--socket=" + root.resolve("s"),
            "--iops=100",
            "--bandwidth=1MiB"
        };
        try (var server = ServeProcess.start(arguments);
                var client = NbdClient.connect(root.resolve("s"), "volume")) {
            assertThat(server.ready()).startsWith("READY");
            long begin = System.nanoTime();
            for (int i = 0; i < 51; i++) {
                client.read(0, ByteBuffer.allocate(512));
            }
            assertThat(System.nanoTime() - begin).isGreaterThan(450_000_000L);
            begin = System.nanoTime();
            client.read(0, ByteBuffer.allocate(1 << 20));
            client.read(0, ByteBuffer.allocate(512));
            assertThat(System.nanoTime() - begin).isGreaterThan(950_000_000L);
        }
    }

    /// With a reconnect in the middle of its use: the client comes back, and sees the new size.
    @Test
    void a_larger_size_with_grow_makes_the_volume_larger_under_its_client() throws Exception {
        String dir = "--dir=" + root.resolve("v");
        Path socket = root.resolve("s");
        var retries = new Retries(Duration.ofSeconds(10), Duration.ofSeconds(30));
        try (var first = ServeProcess.start(dir, "--socket=" + socket, "--size=1MiB");
                var client = NbdClient.connect(new NbdAddress.Unix(socket), "volume", retries)) {
            client.write((1 << 20) - 1, ByteBuffer.wrap(new byte[] {9}));
            try (var second =
                    ServeProcess.start(
                            dir, "--socket=" + socket, "--size=3MiB", "--grow", "--take-over")) {
                assertThat(first.awaitEnd()).isEqualTo(128 + 9);
                assertThat(second.ready()).contains("size=3145728");
                ByteBuffer into = ByteBuffer.allocate(1);
                client.read((1 << 20) - 1, into);
                assertThat(into.get(0)).isEqualTo((byte) 9);
                assertThat(client.size()).isEqualTo(3 << 20);
            }
        }
        assertRefused(1, "not 1 MiB", "", dir, "--socket=" + socket, "--size=1MiB", "--grow");
    }

    @Test
    void there_is_no_tcp_without_tls() throws Exception {
        String dir = "--dir=" + root.resolve("v");
        String socket = "--socket=" + root.resolve("s");
        assertRefused(2, "--tls-cert", "", dir, socket, "--size=1MiB", "--listen=127.0.0.1:0");
        String missing = root.resolve("none").toString();
        String[] files = {"--tls-cert=" + missing, "--tls-key=" + missing, "--tls-ca=" + missing};
        assertRefused(
                2,
                "HOST:PORT",
                "",
                dir,
                socket,
                "--size=1MiB",
                "--listen=nonsense",
                files[0],
                files[1],
                files[2]);
        assertRefused(
                1,
                missing,
                "openssl",
                dir,
                socket,
                "--size=1MiB",
                "--listen=127.0.0.1:0",
                files[0],
                files[1],
                files[2]);
    }

    private static void assertRefused(int status, String what, String remedy, String... arguments)
            throws Exception {
        Tool.Result result = ServeProcess.refused(arguments);
        assertThat(result.output()).contains(what).contains(remedy);
        assertThat(result.status()).isEqualTo(status);
        assertThat(result.output()).doesNotContain("Exception");
    }
}
