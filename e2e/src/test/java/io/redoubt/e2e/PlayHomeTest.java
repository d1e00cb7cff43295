// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.e2e.verdict.Broken;
import io.redoubt.e2e.verdict.Promise;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlayHomeTest {
    @TempDir private Path directory;

    @Test
    void a_temporary_home_is_gone_afterwards_and_the_templates_are_not() throws IOException {
        PlayHome home = PlayHome.of(directory, true, "0a1b");
        Files.writeString(home.path().resolve("cache/template"), "kept");
        Files.createDirectories(home.path().resolve("zone-a/m"));
        Files.writeString(home.path().resolve("zone-a/m/serial.log"), "ACK 1\n");
        assertThat(home.remove()).isEmpty();
        assertThat(home.path()).doesNotExist();
        assertThat(directory.resolve("cache/template")).hasContent("kept");
    }

    @Test
    void a_process_that_is_left_is_a_broken_promise_and_is_named() throws IOException {
        PlayHome home = PlayHome.of(directory, true, "0a1b");
        Process left = new ProcessBuilder("sleep", "60").directory(home.path().toFile()).start();
        try {
            List<Broken> broken = home.remove();
            assertThat(broken)
                    .singleElement()
                    .satisfies(one -> {
                        assertThat(one.promise()).isEqualTo(Promise.NOTHING_LEFT);
                        assertThat(one.evidence()).contains(left.pid() + " sleep 60");
                    });
        } finally {
            left.destroyForcibly();
        }
    }

    @Test
    void the_users_own_home_is_left_as_it_is() throws IOException {
        Files.writeString(directory.resolve("region.json"), "{}");
        assertThat(PlayHome.of(directory, false, "0a1b").remove()).isEmpty();
        assertThat(directory.resolve("region.json")).exists();
    }

    @Test
    void the_logs_of_a_failure_are_kept_outside_the_home() throws IOException {
        PlayHome home = PlayHome.of(directory.resolve("homes"), true, "0a1b");
        Files.createDirectories(home.path().resolve("zone-a/m"));
        Files.writeString(home.path().resolve("zone-a/m/serial.log"), "ACK 1\n");
        Path kept = home.keepLogs(directory);
        assertThat(kept).isEqualTo(directory.resolve("target/demo-failed"));
        assertThat(kept.resolve("zone-a_m_serial.log")).hasContent("ACK 1\n");
    }
}
