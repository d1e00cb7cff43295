// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.compute.host.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SerialLogTest {
    @TempDir Path directory;

    @Test
    void a_log_that_grew_gives_back_its_oldest_room_and_no_place_in_it_moves() throws IOException {
        SerialLog log = new SerialLog(directory.resolve("serial.log"));
        String line = "x".repeat(1023) + "\n";
        Files.writeString(log.path(), line.repeat(40 << 10) + "ACK 7\r\nlast\n");
        long place = log.end() - 12;

        log.release();

        assertThat(log.from(place)).isEqualTo("ACK 7\nlast\n");
        long kept = 512 * Long.parseLong(blocks(log.path()));
        assertThat(kept).isBetween(8L << 20, SerialLog.KEPT_BYTES_MAX + (1 << 20));
        assertThat(log.lastLines()).endsWith("ACK 7 | last");
    }

    @Test
    void a_small_log_keeps_everything() throws IOException {
        SerialLog log = new SerialLog(directory.resolve("serial.log"));
        assertThat(log.lastLines()).isEqualTo("(nothing)");
        Files.writeString(log.path(), "one\ntwo\n");
        log.release();
        assertThat(log.from(0)).isEqualTo("one\ntwo\n");
        assertThat(log.from(99)).isEmpty();
    }

    private static String blocks(Path file) {
        return Command.of("stat", "--format=%b", file.toString()).require().strip();
    }
}
