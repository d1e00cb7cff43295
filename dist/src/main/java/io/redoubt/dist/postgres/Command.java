// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.postgres;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A short command that is waited for.
final class Command {
    /// initdb on a slow disk is the longest of them.
    private static final int SECONDS_MAX = 120;

    record Output(int status, String text) {
        /// The last lines, for a fault.
        String tail() {
            String[] lines = text.strip().split("\n");
            int from = Math.max(0, lines.length - 5);
            return String.join(" | ", List.of(lines).subList(from, lines.length));
        }
    }

    private Command() {}

    static Output run(List<String> argv) throws IOException {
        Process process = new ProcessBuilder(argv).redirectErrorStream(true).start();
        process.getOutputStream().close();
        try {
            String text =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return new Output(-1, text + "\nno end after " + SECONDS_MAX + " s");
            }
            return new Output(process.exitValue(), text);
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new InterruptedIOException(argv.getFirst());
        }
    }
}
