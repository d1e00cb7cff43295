// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// Programs of the host, run to their end.
final class Tool {
    private static final Map<String, String> PACKAGES =
            Map.of(
                    "fio", "fio",
                    "qemu-nbd", "qemu-utils",
                    "qemu-img", "qemu-utils",
                    "nbdkit", "nbdkit",
                    "sync", "coreutils");

    private Tool() {}

    /// What it printed.
    ///
    /// @throws FaultException with a [BenchFault] when it is missing, fails, or takes longer
    static String run(Path directory, long seconds, List<String> words) {
        requireInstalled(words.getFirst());
        try {
            Path output = Files.createTempFile(directory, "tool", ".out");
            Process process =
                    new ProcessBuilder(words)
                            .directory(directory.toFile())
                            .redirectErrorStream(true)
                            .redirectOutput(output.toFile())
                            .start();
            boolean ended = process.waitFor(seconds, TimeUnit.SECONDS);
            if (!ended) {
                process.destroyForcibly().waitFor();
            }
            String said = Files.readString(output, UTF_8);
            Files.delete(output);
            if (!ended || process.exitValue() != 0) {
                throw new FaultException(new BenchFault.Failed(words, process.exitValue(), said));
            }
            return said;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new FaultException(new BenchFault.Failed(words, -1, "interrupted"), e);
        }
    }

    /// @param program a name, or an absolute path
    static void requireInstalled(String program) {
        if (Path.of(program).isAbsolute() && Files.isExecutable(Path.of(program))) {
            return;
        }
        for (String directory : System.getenv("PATH").split(":")) {
            if (Files.isExecutable(Path.of(directory, program))) {
                return;
            }
        }
        throw new FaultException(
                new BenchFault.Missing(program, PACKAGES.getOrDefault(program, program)));
    }

    /// The first line that it prints about its version.
    static String version(Path directory, String program) {
        return run(directory, 10, List.of(program, "--version")).lines().findFirst().orElse("");
    }
}
