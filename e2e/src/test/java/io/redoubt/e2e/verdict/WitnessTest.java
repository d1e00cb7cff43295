// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e.verdict;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WitnessTest {
    @TempDir private Path directory;

    @Test
    void a_log_that_does_not_exist_yet_is_read_once_it_does() throws IOException {
        Path log = directory.resolve("serial.log");
        try (Witness witness = Witness.of(log)) {
            assertThat(witness.transcript().lastAck()).isZero();
            long before = System.currentTimeMillis();
            Files.writeString(log, "ACK 1\nACK 2");
            assertThat(witness.transcript().lastAck()).isEqualTo(1);
            Files.writeString(log, "2\n", StandardOpenOption.APPEND);
            Transcript said = witness.transcript();
            assertThat(said.lastAck()).isEqualTo(22);
            assertThat(said.seenAt(22).orElseThrow()).isGreaterThanOrEqualTo(before);
        }
    }
}
