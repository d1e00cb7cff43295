// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// How much memory and time a node's storage takes, in a process of its own with the heap of a node.
class ManyVolumesTest {
    private final Path home;

    ManyVolumesTest() throws Exception {
        home = Files.createTempDirectory("rdt");
    }

    @AfterEach
    void remove() {
        Volumes.deleteTree(home);
    }

    private record Said(long millis, long residentKib, long sockets) {}

    @Test
    void a_hundred_idle_volumes_are_served_in_less_than_four_hundred_megabytes() throws Exception {
        run(100, true);
        Said again = run(100, false);
        System.out.printf("100 volumes: %s%n", again);
        assertThat(again.sockets()).isEqualTo(100);
        assertThat(again.residentKib()).isLessThan(400 << 10);
    }

    @Test
    @Tag("long")
    void a_thousand_volumes_are_served_within_five_seconds_of_the_start() throws Exception {
        run(1000, true);
        Said again = run(1000, false);
        System.out.printf("1000 volumes: %s%n", again);
        assertThat(again.sockets()).isEqualTo(1000);
        assertThat(again.millis()).isLessThan(5_000);
    }

    private Said run(int count, boolean make) throws Exception {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:+UseSerialGC",
                                "-Xmx512m",
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                System.getProperty("java.class.path"),
                                ManyVolumes.class.getName(),
                                home.toString(),
                                Integer.toString(count)));
        if (make) {
            command.add("make");
        }
        Process process =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        assertThat(said).startsWith("READY ");
        long[] numbers =
                Arrays.stream(said.strip().split(" ")).skip(1).mapToLong(Long::parseLong).toArray();
        return new Said(numbers[0], numbers[1], numbers[2]);
    }
}
