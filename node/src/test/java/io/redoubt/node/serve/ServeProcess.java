// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.serve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// `volume serve` in a process of its own.
final class ServeProcess implements AutoCloseable {
    private final Process process;
    private final BufferedReader lines;
    private final String ready;

    private ServeProcess(Process process, BufferedReader lines, String ready) {
        this.process = process;
        this.lines = lines;
        this.ready = ready;
    }

    /// Returns when it says that it is ready.
    static ServeProcess start(String... arguments) throws IOException {
        Process process = launch(ProcessBuilder.Redirect.INHERIT, arguments);
        var lines = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
        String ready = lines.readLine();
        assertThat(ready).startsWith("READY ");
        return new ServeProcess(process, lines, ready);
    }

    /// Returns what it said when it did not start.
    static Tool.Result refused(String... arguments) throws IOException, InterruptedException {
        Process process = launch(ProcessBuilder.Redirect.PIPE, arguments);
        String said = new String(process.getErrorStream().readAllBytes(), UTF_8);
        return new Tool.Result(process.waitFor(), said);
    }

    private static Process launch(ProcessBuilder.Redirect errors, String... arguments)
            throws IOException {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:+UseSerialGC",
                                "-Xmx96m",
                                "-Dfile.encoding=UTF-8",
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                System.getProperty("java.class.path"),
                                "io.redoubt.node.NodeMain",
                                "volume",
                                "serve"));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).redirectError(errors).start();
    }

    String ready() {
        return ready;
    }

    /// What it says next, after READY; waits for it.
    String nextLine() throws IOException {
        return lines.readLine();
    }

    String uri() {
        return ready.split(" ")[1];
    }

    long pid() {
        return process.pid();
    }

    /// SIGTERM. @return the exit status
    int terminate() throws InterruptedException {
        process.destroy();
        return process.waitFor();
    }

    /// SIGKILL.
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    int awaitEnd() throws InterruptedException {
        return process.waitFor();
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
