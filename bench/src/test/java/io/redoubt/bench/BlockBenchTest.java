// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// That the bench works, not that anybody is fast: benches gate nothing.
@Timeout(120)
class BlockBenchTest {
    @TempDir Path root;

    @Test
    void every_kind_of_profile_is_measured_on_all_three_servers_and_nothing_is_left()
            throws Exception {
        Path table = root.resolve("table.md");
        Path json = root.resolve("cells.json");
        Path in = Files.createDirectory(root.resolve("in"));
        String[] arguments = {
            "block",
            "--rounds=1",
            "--seconds=0.1",
            "--size=16MiB",
            "--in=" + in,
            "--only=mixed-q32,flush1",
            "--markdown=" + table,
            "--json=" + json
        };
        measure(arguments);
        assertThat(Files.readString(table))
                .contains("| mixed-q32 |", "| flush1-q1 |", "| flush1-q32 |")
                .doesNotContain("| mixed-q32-c4 |", "–", "NaN");
        assertThat(Files.readString(json)).contains("\"nbdkit\"", "\"qemu-nbd\"", "\"file\"");
        try (Stream<Path> left = Files.list(in)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void sealed_volumes_are_measured_beside_luks() throws Exception {
        Path table = root.resolve("table.md");
        String[] arguments = {
            "block",
            "--sealed",
            "--rounds=1",
            "--seconds=0.1",
            "--size=16MiB",
            "--in=" + root,
            "--only=mixed-q1",
            "--markdown=" + table
        };
        measure(arguments);
        assertThat(Files.readString(table)).contains("| mixed-q1 |").doesNotContain("NaN", "below");
    }

    @Test
    void what_follows_a_snapshot_is_measured_beside_qcow2_and_cow() throws Exception {
        Path table = root.resolve("table.md");
        String[] arguments = {
            "block",
            "--after-snapshot",
            "--rounds=1",
            "--seconds=0.1",
            "--size=16MiB",
            "--in=" + root,
            "--only=mixed-q1,randwrite-q32",
            "--markdown=" + table
        };
        measure(arguments);
        assertThat(Files.readString(table))
                .contains("| mixed-q1 |", "| randwrite-q32 |")
                .doesNotContain("NaN", "below");
    }

    @Test
    void a_bench_that_is_stopped_leaves_no_server_and_no_file() throws Exception {
        Path in = Files.createDirectory(root.resolve("in"));
        Process bench =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-cp",
                                System.getProperty("java.class.path"),
                                BenchMain.class.getName(),
                                "block",
                                "--size=16MiB",
                                "--in=" + in,
                                "--only=mixed-q1")
                        .redirectErrorStream(true)
                        .start();
        BufferedReader said = bench.inputReader();
        String line = said.readLine();
        while (line != null && !line.contains("round 1")) {
            line = said.readLine();
        }
        assertThat(line).isNotNull();
        List<ProcessHandle> servers = bench.descendants().toList();
        assertThat(servers).hasSizeGreaterThanOrEqualTo(3);
        bench.destroy(); // SIGTERM, as from a terminal that is closed
        bench.waitFor();
        assertThat(servers).noneMatch(ProcessHandle::isAlive);
        try (Stream<Path> left = Files.list(in)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void a_profile_that_does_not_exist_and_a_full_directory_are_refused_with_a_remedy() {
        assertRefused("No profile's name begins with 'sideways'", "randread-q1", "--only=sideways");
        assertRefused("MiB are needed", "--size", "--size=900TiB");
    }

    private static void measure(String... arguments) {
        var said = new StringWriter();
        int status = BenchMain.commandLine().setErr(new PrintWriter(said)).execute(arguments);
        assertThat(status).as(said.toString()).isZero();
    }

    private void assertRefused(String what, String remedy, String argument) {
        var said = new StringWriter();
        int status =
                BenchMain.commandLine()
                        .setErr(new PrintWriter(said))
                        .execute("block", "--in=" + root, argument);
        assertThat(status).isEqualTo(1);
        assertThat(said.toString()).contains(what).contains(remedy).doesNotContain("Exception");
    }
}
