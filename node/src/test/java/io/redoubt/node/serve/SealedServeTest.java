// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.nbd.NbdClient;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// `volume serve --encrypt --integrity` in real processes.
@Timeout(120)
class SealedServeTest {
    private static final int SIZE = 16 << 20;

    @TempDir Path root;

    private String[] arguments(String... more) {
        String[] all = new String[more.length + 2];
        all[0] = "--dir=" + root.resolve("v");
        all[1] = "--socket=" + root.resolve("s");
        System.arraycopy(more, 0, all, 2, more.length);
        return all;
    }

    private String[] sealed() {
        return arguments(
                "--size=16MiB",
                "--encrypt",
                "--integrity",
                "--region-key=" + root.resolve("region.key"));
    }

    /// After each kill the checksums of what was being written are made again; what was acknowledged is there, and nothing is called
    /// damaged.
    @Test
    void kills_under_load_lose_nothing_and_damage_nothing() throws Exception {
        var writer = new AcknowledgedWriter(root.resolve("s"), SIZE);
        for (int round = 0; round < 3; round++) {
            try (var server = ServeProcess.start(sealed())) {
                writer.verify();
                writer.start(round);
                Thread.sleep(700);
                server.kill();
                writer.awaitCut();
            }
        }
        try (var _ = ServeProcess.start(sealed())) {
            writer.verify();
            assertThat(writer.acknowledged()).isGreaterThan(100);
        }
    }

    @Test
    void the_disk_holds_no_plaintext_and_a_flipped_bit_is_an_error_for_the_client()
            throws Exception {
        byte[] secret = "a secret of the guest".getBytes(StandardCharsets.US_ASCII);
        try (var server = ServeProcess.start(sealed())) {
            try (var client = NbdClient.connect(root.resolve("s"), "volume")) {
                client.write(5 << 20, ByteBuffer.wrap(secret));
            }
            assertThat(server.terminate()).isZero();
        }
        Path stored = root.resolve("v/volume.sealed.raw");
        String bytes = Files.readString(stored, StandardCharsets.ISO_8859_1);
        assertThat(bytes).doesNotContain(new String(secret, StandardCharsets.US_ASCII));
        try (var file = new RandomAccessFile(stored.toFile(), "rw")) {
            file.seek((5 << 20) + 4000);
            int old = file.read();
            file.seek((5 << 20) + 4000);
            file.write(old ^ 8);
        }
        // Without --encrypt and --integrity: the volume says what it has.
        try (var _ = ServeProcess.start(arguments("--region-key=" + root.resolve("region.key")));
                var client = NbdClient.connect(root.resolve("s"), "volume")) {
            assertThatThrownBy(() -> client.read(5 << 20, ByteBuffer.allocate(21)))
                    .isInstanceOf(FaultException.class);
            ByteBuffer beside = ByteBuffer.allocate(4096);
            client.read((5 << 20) + 4096, beside);
            assertThat(beside.array()).containsOnly(0);
        }
    }

    @Test
    void a_missing_wrong_open_or_misplaced_region_key_is_refused_with_the_remedy()
            throws Exception {
        assertRefused("no region key was given", "--region-key", "--size=1MiB", "--encrypt");
        assertRefused(
                "lies inside the volume's directory",
                "another disk",
                "--size=1MiB",
                "--encrypt",
                "--region-key=" + root.resolve("v/region.key"));
        ServeProcess.start(sealed()).close();
        assertRefused("no region key was given", "--region-key");
        assertRefused(
                "is encrypted under region key",
                "Without it nobody",
                "--region-key=" + root.resolve("other.key"));
        Files.setPosixFilePermissions(
                root.resolve("region.key"),
                java.nio.file.attribute.PosixFilePermissions.fromString("rw-r--r--"));
        assertRefused("rw-r--r--", "chmod 600", "--region-key=" + root.resolve("region.key"));
    }

    /// A key that does not fit, or a size that does not, must not end the server that works.
    @Test
    void a_take_over_that_would_be_refused_leaves_the_old_server_alone() throws Exception {
        try (var server = ServeProcess.start(sealed());
                var client = NbdClient.connect(root.resolve("s"), "volume")) {
            assertThat(server.ready()).startsWith("READY");
            assertRefused(
                    "is encrypted under region key",
                    "Without it nobody",
                    "--take-over",
                    "--region-key=" + root.resolve("other.key"));
            assertRefused("no region key was given", "--region-key", "--take-over");
            assertRefused(
                    "not 32 MiB",
                    "",
                    "--take-over",
                    "--size=32MiB",
                    "--region-key=" + root.resolve("region.key"));
            client.write(0, ByteBuffer.wrap(new byte[] {1}), true);
        }
    }

    @Test
    void a_scrub_tells_its_end_in_a_line() throws Exception {
        try (var server = ServeProcess.start(sealed())) {
            assertThat(server.nextLine())
                    .isEqualTo("SCRUB 1 complete, 0 % of the next, damaged blocks: 0");
        }
    }

    @Test
    void a_plain_volume_cannot_be_asked_to_be_encrypted_later() throws Exception {
        ServeProcess.start(arguments("--size=1MiB")).close();
        assertRefused(
                "neither encryption nor integrity, not encryption alone",
                "make another volume",
                "--encrypt",
                "--region-key=" + root.resolve("region.key"));
    }

    private void assertRefused(String what, String remedy, String... more) throws Exception {
        Tool.Result result = ServeProcess.refused(arguments(more));
        assertThat(result.output()).contains(what).contains(remedy);
        assertThat(result.output()).doesNotContain("Exception");
        assertThat(result.status()).isEqualTo(1);
    }
}
