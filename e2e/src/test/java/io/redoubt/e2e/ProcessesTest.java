// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProcessesTest {
    @Test
    void a_process_is_found_by_its_environment() throws IOException {
        var builder = new ProcessBuilder("sleep", "60");
        builder.environment().put("DEMO_TEST", "/no/such/home/of-a-test");
        Process process = builder.start();
        try {
            assertThat(Processes.naming(Path.of("/no/such/home/of-a-test")))
                    .containsExactly(process.pid() + " sleep 60");
            assertThat(Processes.naming(Path.of("/no/such/home/of-another"))).isEmpty();
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void a_start_is_known_to_a_fraction_of_a_second() throws IOException {
        long before = System.currentTimeMillis();
        Process process = new ProcessBuilder("sleep", "60").start();
        try {
            assertThat(Processes.startMillis(process.pid()))
                    .isBetween(before - 50, System.currentTimeMillis() + 50);
            assertThat(Processes.isAlive(process.pid())).isTrue();
            assertThat(Processes.arguments(process.pid())).isEqualTo(List.of("sleep", "60"));
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void what_the_machine_below_took_is_told_for_each_processor() throws IOException {
        List<String> lines = Files.readAllLines(Path.of("/proc/stat"));
        double[] stolen = Processes.stolenSeconds();
        assertThat(stolen).hasSize(Runtime.getRuntime().availableProcessors());
        // cpu0 user nice system idle iowait irq softirq steal: the ninth word, in hundredths
        assertThat(stolen[0])
                .isCloseTo(Double.parseDouble(lines.get(1).split(" ")[8]) / 100, within(2.0));
    }

    @Test
    void the_disks_of_a_qemu_are_read_from_its_command_line() throws IOException {
        String block =
                "{\"driver\":\"nbd\",\"server\":{\"type\":\"unix\",\"path\":\"/h/s/v-1\"},\"export\":\"v/1-n\"}";
        // Stands in for QEMU: a program that keeps these words on its command line.
        Process process =
                new ProcessBuilder("sh", "-c", "sleep 60; :", "qemu", "-blockdev", block).start();
        try {
            assertThat(GuestDisk.ofQemu(process.pid()))
                    .containsExactly(new GuestDisk(Path.of("/h/s/v-1"), "v/1-n"));
            assertThat(GuestDisk.hasNetwork(process.pid())).isFalse();
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }
}
