// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a backup program learns from `redoubt:dirty`, asked by libnbd.
class DirtyMapTest {
    @TempDir Path root;

    @Test
    void nbdinfo_shows_what_was_written_since_a_snapshot_and_goes_on_after_a_restart()
            throws Exception {
        try (ServeProcess server = serve("--size=64MiB", "--snapshot=before")) {
            assertThat(Tool.run(root, "nbdinfo", server.uri())).contains("redoubt:dirty");
            assertThat(dirty(server)).isEmpty();
            write(server, 1 << 20, 4096);
            write(server, (8 << 20) + 65536 - 512, 1024); // over the border of two grains
            write(server, (64 << 20) - 512, 512); // the end
            assertThat(dirty(server))
                    .containsExactly("1048576 65536", "8388608 131072", "67043328 65536");
            assertThat(server.terminate()).isZero();
        }
        try (ServeProcess server = serve("--snapshot=before")) {
            write(server, 0, 1);
            assertThat(dirty(server))
                    .as("the same snapshot, not a new one")
                    .containsExactly(
                            "0 65536", "1048576 65536", "8388608 131072", "67043328 65536");
        }
    }

    @Test
    void a_snapshot_that_is_not_there_is_named() throws Exception {
        Tool.Result refused =
                ServeProcess.refused(
                        "--size=1MiB",
                        "--dir=" + root.resolve("v"),
                        "--socket=" + root.resolve("s"),
                        "--dirty-since=never");
        assertThat(refused.status()).isEqualTo(1);
        assertThat(refused.output()).contains("no snapshot never");
    }

    private ServeProcess serve(String... more) throws Exception {
        var arguments =
                new ArrayList<>(
                        List.of(
                                "--dir=" + root.resolve("v"),
                                "--socket=" + root.resolve("s"),
                                "--dirty-since=before"));
        arguments.addAll(List.of(more));
        return ServeProcess.start(arguments.toArray(String[]::new));
    }

    private void write(ServeProcess server, long offset, long length) throws Exception {
        String command = "write -P 0x5a %d %d".formatted(offset, length);
        String _ = Tool.run(root, "qemu-io", "-f", "raw", "-c", command, server.uri());
    }

    /// Offset and length of each dirty range.
    private List<String> dirty(ServeProcess server) throws Exception {
        String map = Tool.run(root, "nbdinfo", "--map=redoubt:dirty", server.uri());
        return map.lines()
                .map(line -> line.strip().split(" +"))
                .filter(words -> !words[2].equals("0"))
                .map(words -> words[0] + " " + words[1])
                .toList();
    }
}
