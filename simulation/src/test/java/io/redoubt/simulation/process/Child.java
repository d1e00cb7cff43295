// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A JVM of this build, which says `ready` and obeys the lines of its input.
final class Child {
    private static final long READY_SECONDS_MAX = 60;

    private final Process process;
    private final BufferedReader out;
    private final Path errors;

    /// @param before the words that put it into its place, such as a network namespace; they must end in an exec
    Child(List<String> before, Class<?> main, Path errors, String... args) throws Exception {
        var command = new ArrayList<>(before);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(
                List.of(
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-Xmx160m",
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-cp",
                        System.getProperty(
                                "surefire.test.class.path", System.getProperty("java.class.path")),
                        main.getName()));
        command.addAll(List.of(args));
        this.errors = errors;
        process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
        out = process.inputReader(StandardCharsets.UTF_8);
        expect("ready", READY_SECONDS_MAX);
    }

    /// Sends a line.
    ///
    /// @return the line that answers, which begins with what was expected
    String ask(String line, String beginning, long secondsMax) throws Exception {
        process.outputWriter(StandardCharsets.UTF_8).append(line).append('\n').flush();
        return expect(beginning, secondsMax);
    }

    private String expect(String beginning, long secondsMax) throws Exception {
        // A child that says nothing is ended, which ends the wait for its line.
        var watch =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                Thread.sleep(Duration.ofSeconds(secondsMax));
                                process.destroyForcibly();
                            } catch (InterruptedException _) {
                                Thread.currentThread().interrupt();
                            }
                        });
        String line = out.readLine();
        watch.interrupt();
        if (line == null || !line.startsWith(beginning)) {
            kill();
            throw new AssertionError(
                    "expected '%s', the process said '%s'%n%s".formatted(beginning, line, said()));
        }
        return line;
    }

    /// What it said about itself, for whoever reads a failure.
    String said() throws IOException {
        return Files.readString(errors);
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /// SIGKILL, also when it is stopped.
    void kill() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor(READY_SECONDS_MAX, TimeUnit.SECONDS);
    }

    /// SIGSTOP.
    void stop() throws Exception {
        Command.run("kill", "-STOP", Long.toString(process.pid()));
    }

    /// SIGCONT.
    void goOn() throws Exception {
        Command.run("kill", "-CONT", Long.toString(process.pid()));
    }

    void awaitEnd() throws InterruptedException {
        process.waitFor(READY_SECONDS_MAX, TimeUnit.SECONDS);
    }
}
