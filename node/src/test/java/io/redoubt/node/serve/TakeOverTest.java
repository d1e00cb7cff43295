// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.nbd.NbdAddress;
import io.redoubt.storage.nbd.NbdClient;
import io.redoubt.storage.nbd.Retries;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A process takes a volume over from one that is at work, or that hangs: the fence between processes (replication.md, rule 5).
@Timeout(120)
class TakeOverTest {
    private static final int SIZE = 8 << 20;
    private static final int BLOCK = 4096;

    @TempDir Path root;
    private final List<ServeProcess> started = new ArrayList<>();

    @AfterEach
    void stop() throws IOException, InterruptedException {
        for (ServeProcess process : started) {
            process.close();
        }
    }

    /// The old one listens elsewhere and is stopped in the middle of its clients' writes. It is dead before the new one says READY, so
    /// nothing that its clients still had under way lands afterwards.
    @Test
    void nothing_of_a_stopped_owner_lands_after_its_successor_is_ready() throws Exception {
        String dir = "--dir=" + root.resolve("v");
        ServeProcess old = start(dir, "--socket=" + root.resolve("s0"), "--size=" + SIZE);
        for (int round = 1; round <= 4; round++) {
            var writers = new ArrayList<Thread>();
            for (int i = 0; i < 3; i++) {
                writers.add(writeForEver(root.resolve("s" + (round - 1)), round));
            }
            Thread.sleep(300);
            signal(old, "-STOP");
            ServeProcess successor =
                    start(dir, "--socket=" + root.resolve("s" + round), "--take-over");
            assertThat(old.awaitEnd()).isEqualTo(128 + 9);
            assertThat(successor.ready()).endsWith("attachment=" + (round + 1));
            try (var client = NbdClient.connect(root.resolve("s" + round), "volume")) {
                client.write(0, ByteBuffer.allocate(SIZE)); // over all that the old one did
                client.flush();
                for (Thread writer : writers) {
                    writer.join();
                }
                Thread.sleep(200);
                ByteBuffer all = ByteBuffer.allocate(SIZE);
                client.read(0, all);
                assertThat(all.array()).as("round %d", round).containsOnly(0);
            }
            old = successor;
        }
    }

    /// Over many owners at one address: each number is used once, and a client with patience loses nothing of what was answered.
    @Test
    void a_client_with_patience_goes_on_over_every_take_over() throws Exception {
        String[] arguments = {"--dir=" + root.resolve("v"), "--socket=" + root.resolve("s")};
        ServeProcess server = start(arguments[0], arguments[1], "--size=" + SIZE);
        var retries = new Retries(Duration.ofSeconds(20), Duration.ofSeconds(60));
        try (var client =
                NbdClient.connect(new NbdAddress.Unix(root.resolve("s")), "volume", retries)) {
            for (int round = 1; round <= 5; round++) {
                for (int i = 0; i < 200; i++) {
                    client.write((long) i * BLOCK, block(round, i), i % 50 == 0);
                }
                ServeProcess next = start(arguments[0], arguments[1], "--take-over");
                assertThat(server.awaitEnd()).isEqualTo(128 + 9);
                assertThat(next.ready()).endsWith("attachment=" + (round + 1));
                server = next;
                ByteBuffer shown = ByteBuffer.allocate(BLOCK);
                for (int i = 0; i < 200; i++) {
                    client.read((long) i * BLOCK, shown.clear());
                    assertThat(shown.flip()).as("block %d", i).isEqualTo(block(round, i));
                }
            }
        }
    }

    private static ByteBuffer block(int round, int place) {
        ByteBuffer bytes = ByteBuffer.allocate(BLOCK);
        while (bytes.hasRemaining()) {
            bytes.putInt(round).putInt(place);
        }
        return bytes.flip();
    }

    private static Thread writeForEver(Path socket, int round) {
        return Thread.ofPlatform()
                .start(() -> {
                    try (var client = NbdClient.connect(socket, "volume")) {
                        for (long i = 0; true; i++) {
                            client.write(i % (SIZE / BLOCK) * BLOCK, block(round, (int) i));
                        }
                    } catch (FaultException _) {
                        // its server was killed
                    }
                });
    }

    private ServeProcess start(String... arguments) throws IOException {
        ServeProcess process = ServeProcess.start(arguments);
        started.add(process);
        return process;
    }

    private static void signal(ServeProcess process, String signal) throws Exception {
        new ProcessBuilder("kill", signal, Long.toString(process.pid())).start().waitFor();
    }
}
