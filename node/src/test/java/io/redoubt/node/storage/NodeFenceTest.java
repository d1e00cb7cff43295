// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.AttachmentRaised;
import io.redoubt.protocol.EnsureVolume;
import io.redoubt.storage.nbd.NbdClient;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The volumes of a node under clients that are superseded, and under one that sees its volume grow.
@Timeout(120)
class NodeFenceTest {
    private static final int MIB = 1 << 20;
    private static final int SIZE = 32 * MIB;

    @TempDir Path home;
    private TestedStorage storage;

    @BeforeEach
    void start() throws Exception {
        storage = new TestedStorage(home);
    }

    @AfterEach
    void stop() throws IOException {
        storage.close();
    }

    /// Three clients write under 1 while 2 takes over: what they wrote before is there, nothing lands afterwards, and nobody of 1 comes in
    /// again, at no address, whether the node was restarted or not.
    @Test
    void an_older_attachment_is_out_once_a_newer_one_is_confirmed_and_for_ever() throws Exception {
        volume(SIZE);
        AttachmentRaised first = raise(1, "first");
        var over = new AtomicBoolean();
        var answered = new AtomicLong();
        var writers = new Thread[3];
        for (int i = 0; i < writers.length; i++) {
            writers[i] =
                    Thread.ofPlatform()
                            .start(() -> {
                                try (var client = connect(first, first)) {
                                    while (!over.get()) {
                                        client.write(0, ByteBuffer.allocate(MIB).putLong(0, 1));
                                        answered.incrementAndGet();
                                    }
                                } catch (FaultException _) {
                                    // superseded
                                }
                            });
        }
        while (answered.get() < 20) {
            Thread.sleep(5);
        }
        AttachmentRaised second = raise(2, "second");
        try (var client = connect(second, second)) {
            client.write(0, ByteBuffer.allocate(MIB).putLong(0, 2));
            for (Thread writer : writers) {
                writer.join();
            }
            ByteBuffer shown = ByteBuffer.allocate(8);
            client.read(0, shown);
            assertThat(shown.getLong(0)).isEqualTo(2);
        }
        over.set(true);
        refusedEverywhere(first, second);

        storage.restart();
        refusedEverywhere(first, second);
        try (var client = connect(second, second)) {
            ByteBuffer shown = ByteBuffer.allocate(8);
            client.read(0, shown);
            assertThat(shown.getLong(0)).isEqualTo(2);
        }
    }

    private void refusedEverywhere(AttachmentRaised first, AttachmentRaised second) {
        assertThatThrownBy(() -> raise(1, "first"))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("number 1 may not use it");
        assertThatThrownBy(() -> raise(2, "rival")).isInstanceOf(FaultException.class);
        assertThatThrownBy(() -> connect(first, first).close())
                .as("at its own address")
                .isInstanceOf(FaultException.class);
        assertThatThrownBy(() -> connect(second, first).close())
                .as("at the new address, by the old name")
                .isInstanceOf(FaultException.class);
    }

    /// QEMU's own client stays attached while the region makes its volume larger; with its next request it connects anew and can use the
    /// new room.
    @Test
    void a_volume_that_grows_under_qemu_has_its_new_size_after_the_reconnect() throws Exception {
        volume(SIZE);
        AttachmentRaised raised = raise(1, "a");
        Path said = home.resolve("qemu-io.out");
        Process qemu =
                new ProcessBuilder(
                                "qemu-io",
                                "--image-opts",
                                "driver=nbd,server.type=unix,server.path=%s,export=%s,reconnect-delay=35"
                                        .formatted(raised.getSocket(), raised.getExportName()))
                        .redirectErrorStream(true)
                        .redirectOutput(said.toFile())
                        .start();
        try {
            awaitPrompt(said, 0);
            ask(qemu, said, "length");
            ask(qemu, said, "write -P 1 31M 1M");
            volume(2 * SIZE);
            ask(qemu, said, "read -P 1 31M 1M"); // over the new connection
            ask(qemu, said, "truncate 64M");
            ask(qemu, said, "length");
            ask(qemu, said, "write -P 9 60M 4M");
            ask(qemu, said, "flush");
            ask(qemu, said, "read -P 9 60M 4M");
            say(qemu, "quit");
            assertThat(qemu.waitFor()).isZero();
        } finally {
            qemu.destroyForcibly().waitFor();
        }
        assertThat(Files.readString(said))
                .containsPattern("(?s)32 MiB.*64 MiB")
                .contains("read 4194304/4194304 bytes at offset 62914560")
                .doesNotContain("failed", "rror");
        try (var client = connect(raised, raised)) {
            assertThat(client.size()).isEqualTo(2 * SIZE);
            ByteBuffer shown = ByteBuffer.allocate(4 * MIB);
            client.read(60L * MIB, shown);
            assertThat(shown.array()).containsOnly(9);
        }
    }

    /// One command at a time: what came together it would read together and execute only the first.
    private static void ask(Process qemu, Path said, String line) throws Exception {
        int before = prompts(said);
        say(qemu, line);
        awaitPrompt(said, before);
    }

    private static void awaitPrompt(Path said, int before) throws Exception {
        long end = System.nanoTime() + 30_000_000_000L;
        while (prompts(said) <= before) {
            assertThat(System.nanoTime()).as(Files.readString(said)).isLessThan(end);
            Thread.sleep(20);
        }
    }

    private static void say(Process process, String line) throws IOException {
        process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.US_ASCII));
        process.getOutputStream().flush();
    }

    private static int prompts(Path said) throws IOException {
        return Files.readString(said).split("qemu-io> ", -1).length - 1;
    }

    private void volume(long bytes) {
        storage.ensure(EnsureVolume.newBuilder().setVolume("v").setSizeBytes(bytes));
    }

    private AttachmentRaised raise(long number, String nonce) {
        return storage.raise("v", number, nonce);
    }

    private static NbdClient connect(AttachmentRaised address, AttachmentRaised name) {
        return NbdClient.connect(Path.of(address.getSocket()), name.getExportName());
    }
}
