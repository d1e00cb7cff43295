// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.redoubt.core.fault.FaultException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A process of our own that says `ready`, then answers a line with a line; see `bench.group`.
final class Peer implements AutoCloseable {
    private static final long ANSWER_SECONDS_MAX = 1_800;
    private static final long END_SECONDS = 10;

    private final String name;
    private final Process process;
    private final BufferedReader out;
    private final Writer in;
    private final Path log;
    private final String[] ready;

    private Peer(String name, Process process, Path log) {
        this.name = name;
        this.process = process;
        this.out = process.inputReader(UTF_8);
        this.in = process.outputWriter(UTF_8);
        this.log = log;
        this.ready = answer("ready");
    }

    /// @param heap of Java, such as `512m`
    static Peer start(String name, Class<?> main, String heap, Path directory, Object... args) {
        var words =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:+UseSerialGC",
                                "-Xmx" + heap,
                                "--enable-native-access=ALL-UNNAMED",
                                "--sun-misc-unsafe-memory-access=allow",
                                "-cp",
                                System.getProperty("java.class.path"),
                                main.getName()));
        for (Object arg : args) {
            words.add(arg.toString());
        }
        Path log = directory.resolve(name + ".log");
        try {
            return new Peer(
                    name,
                    new ProcessBuilder(words)
                            .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                            .start(),
                    log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// What it said after `ready`.
    String[] ready() {
        return ready;
    }

    /// @return the words after `done`
    String[] ask(Object... words) {
        var line = new ArrayList<String>();
        for (Object word : words) {
            line.add(word.toString());
        }
        try {
            in.append(String.join(" ", line)).append('\n').flush();
        } catch (IOException e) {
            throw ended();
        }
        return answer("done");
    }

    private String[] answer(String beginning) {
        // One that says nothing is ended, which ends the wait for its line.
        Thread watch =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                TimeUnit.SECONDS.sleep(ANSWER_SECONDS_MAX);
                                process.destroyForcibly();
                            } catch (InterruptedException _) {
                                Thread.currentThread().interrupt();
                            }
                        });
        try {
            String line = out.readLine();
            if (line == null || !line.startsWith(beginning)) {
                throw ended();
            }
            return line.substring(beginning.length()).strip().split(" ", -1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            watch.interrupt();
        }
    }

    private FaultException ended() {
        close();
        try {
            return new FaultException(
                    new BenchFault.Failed(
                            List.of(name), process.exitValue(), Files.readString(log, UTF_8)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    long cpuMicros() {
        return Server.cpuMicros(process.pid());
    }

    @Override
    public void close() {
        process.destroyForcibly(); // what it has made is not kept
        try {
            if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
                throw new FaultException(
                        new BenchFault.NotReady(name, END_SECONDS, "it does not end"));
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
