// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// That the bench works, not that anything is fast: benches gate nothing.
@Timeout(300)
class ReplicationBenchTest {
    @TempDir Path root;

    @Test
    void every_part_is_measured_and_nothing_is_left() throws Exception {
        Path table = root.resolve("table.md");
        Path json = root.resolve("figures.json");
        Path in = Files.createDirectory(root.resolve("in"));
        Path journal = Files.createDirectory(root.resolve("journal"));
        String[] arguments = {
            "replication",
            "--rounds=1",
            "--seconds=0.2",
            "--size=16MiB",
            "--in=" + in,
            "--journal=" + journal,
            "--only=fixed,paced,mixed-q32,full-pass,stream,link-half,ingest,rpo-50,barrier,view-data-1e5",
            "--markdown=" + table,
            "--json=" + json
        };
        assertThat(BenchMain.commandLine().execute(arguments)).isZero();
        assertThat(Files.readString(table))
                .contains("| fixed-15k | p99 more, µs | ≤ 50.0 |")
                .contains("| paced-15k | CPU of a write more at the source, µs | ≤ 1.50 |")
                .contains("| mixed-q32 | IOPS, × the plain volume | ≥ 0.85 |")
                .contains(
                        "| full-pass | MB/s |",
                        "| stream-4k | MB/s |",
                        "| link-half | MB/s of writes of 64 KiB |",
                        "| ingest-64k | MB/s |")
                .contains("| rpo-50 | age of the newest point, p99, s | ≤ 10.0 |")
                .contains("| barrier | their wait, p99, ms | ≤ 5.00 |")
                .contains("targets missed")
                .doesNotContain("NaN", "randwrite-q1 ", "view-data-1e6 ");
        assertThat(Files.readString(json)).contains("\"facts\"", "\"view-data-1e5\"");
        for (Path each : new Path[] {in, journal}) {
            try (Stream<Path> left = Files.list(each)) {
                assertThat(left).isEmpty();
            }
        }
    }

    @Test
    void a_figure_says_whether_its_target_was_met() {
        assertThat(Figure.atMost("p", "w", 5).verdict(5)).isEqualTo("met");
        assertThat(Figure.atMost("p", "w", 5).verdict(5.1)).isEqualTo("**missed**");
        assertThat(Figure.atLeast("p", "w", 200).verdict(199)).isEqualTo("**missed**");
        assertThat(Figure.of("p", "w").verdict(199)).isEmpty();
        var figures = new Figures();
        figures.add(Figure.atMost("p", "w", 5), 9);
        figures.add(Figure.atMost("p", "w", 5), 4);
        figures.add(Figure.atMost("p", "w", 5), 4.5);
        assertThat(figures.markdown(Map.of()))
                .contains("| p | w | ≤ 5.00 | 4.50 | 4.00 – 9.00 | met |")
                .contains("0 of 1 targets missed");
    }

    @Test
    void a_profile_that_does_not_exist_is_refused_with_those_that_do() {
        var said = new StringWriter();
        int status =
                BenchMain.commandLine()
                        .setErr(new PrintWriter(said))
                        .execute("replication", "--only=sideways");
        assertThat(status).isEqualTo(1);
        assertThat(said.toString())
                .contains("No profile's name begins with 'sideways'", "stream-4k")
                .doesNotContain("Exception");
    }
}
