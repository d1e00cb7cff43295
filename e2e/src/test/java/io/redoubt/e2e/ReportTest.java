// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ReportTest {
    private static final Round ROUND =
            new Round(
                    "SIGKILL",
                    2.5,
                    3.5,
                    new Rto(9.5, 7, 0, 0.5, 2),
                    2.25,
                    0.5,
                    117,
                    120,
                    3,
                    1401,
                    17);

    @TempDir private Path directory;

    @Test
    void the_report_has_the_names_that_scripts_rely_on() throws IOException {
        Path file = directory.resolve("demo.json");
        Report.of(List.of(ROUND), List.of("RPO: …"), 42, 180.04).write(file);
        JsonNode json = JsonMapper.shared().readTree(Files.readString(file));
        JsonNode round = json.required("rounds").required(0);
        assertThat(round.required("rpoSeconds").asDouble()).isEqualTo(2.5);
        assertThat(round.required("rtoSeconds").propertyNames())
                .containsExactlyInAnyOrder("total", "grants", "view", "start", "boot");
        assertThat(round.required("bareBootSeconds").asDouble()).isEqualTo(2.25);
        assertThat(round.required("slowerSeconds").asDouble()).isEqualTo(0.5);
        assertThat(round.required("rowsFound").asLong()).isEqualTo(117);
        assertThat(round.required("lastAck").asLong()).isEqualTo(120);
        assertThat(round.required("writesLost").asLong()).isEqualTo(3);
        assertThat(round.required("bytesLost").asLong()).isEqualTo(1401);
        assertThat(json.required("seed").asLong()).isEqualTo(42);
        assertThat(json.required("broken").required(0).asString()).isEqualTo("RPO: …");
        assertThat(json.required("cpuModel").asString()).isNotEmpty();
        assertThat(json.required("kernel").asString()).isNotEmpty();
    }

    @Test
    void a_report_into_a_directory_that_does_not_exist_is_refused_before_the_demo_begins() {
        Path file = directory.resolve("missing/demo.json");
        assertThatThrownBy(() -> Report.requireWritable(file))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("there is no directory " + directory.resolve("missing"));
    }

    @Test
    void a_directory_is_no_report() {
        assertThatThrownBy(() -> Report.requireWritable(directory))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("it is a directory");
    }
}
