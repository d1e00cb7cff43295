// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.serve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A program of the host. One that is missing fails the test, which says how to get it.
public final class Tool {
    private static final int MINUTES_MAX = 2;

    private Tool() {}

    /// Its output, when it ended with status 0.
    public static String run(Path directory, String... words)
            throws IOException, InterruptedException {
        Result result = attempt(directory, words);
        assertThat(result.status()).as("%s:%n%s", List.of(words), result.output()).isZero();
        return result.output();
    }

    record Result(int status, String output) {}

    static Result attempt(Path directory, String... words)
            throws IOException, InterruptedException {
        requireInstalled(words[0]);
        Path output = Files.createTempFile(directory, "tool", ".out");
        Process process =
                new ProcessBuilder(words)
                        .directory(directory.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .start();
        if (!process.waitFor(MINUTES_MAX, TimeUnit.MINUTES)) {
            process.destroyForcibly().waitFor();
            throw new AssertionError(
                    "%s did not end: %s".formatted(List.of(words), Files.readString(output)));
        }
        return new Result(process.exitValue(), Files.readString(output, UTF_8));
    }

    static void requireInstalled(String program) {
        for (String directory : System.getenv("PATH").split(":")) {
            if (Files.isExecutable(Path.of(directory, program))) {
                return;
            }
        }
        throw new AssertionError(
                "%s is not installed. Run: apt-get install --no-install-recommends qemu-utils libnbd-bin fio"
                        .formatted(program));
    }
}
