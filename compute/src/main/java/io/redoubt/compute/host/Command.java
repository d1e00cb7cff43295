// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.host;

import io.redoubt.core.fault.FaultException;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// A program that is run to its end, within a bound, without a shell.
///
/// @param argv        the program and its arguments, each taken as it is
/// @param directory   where it runs
/// @param environment added to the environment of this JVM
/// @param bound       it is killed after this time
public record Command(
        List<String> argv, Path directory, Map<String, String> environment, Duration bound) {
    private static final Duration BOUND = Duration.ofSeconds(60);
    private static final int OUTPUT_BYTES_MAX = 4 << 20;
    private static final int LAST_LINES = 6;

    public Command {
        argv = List.copyOf(argv);
        environment = Map.copyOf(environment);
    }

    /// In the current directory, for at most a minute.
    public static Command of(String... argv) {
        return new Command(Arrays.asList(argv), Path.of("").toAbsolutePath(), Map.of(), BOUND);
    }

    /// With these arguments after the present ones.
    public Command and(String... more) {
        var whole = new ArrayList<>(argv);
        whole.addAll(Arrays.asList(more));
        return new Command(whole, directory, environment, bound);
    }

    public Command in(Path where) {
        return new Command(argv, where, environment, bound);
    }

    public Command with(String name, String value) {
        var more = new HashMap<>(environment);
        more.put(name, value);
        return new Command(argv, directory, more, bound);
    }

    public Command within(Duration time) {
        return new Command(argv, directory, environment, time);
    }

    /// What it printed, both streams together, and how it ended.
    public record Outcome(int exit, String output) {
        /// The part that fits in a message.
        public String lastLines() {
            List<String> lines = output.lines().filter(line -> !line.isBlank()).toList();
            return String.join(
                    " | ", lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()));
        }
    }

    /// @throws FaultException with [HostFault.CommandMissing] or [HostFault.CommandTooSlow]
    public Outcome run() {
        Process process = start();
        CompletableFuture<String> output = new CompletableFuture<>();
        Thread.ofVirtual().name("output of " + argv.getFirst()).start(() -> read(process, output));
        try {
            process.getOutputStream().close();
            if (!process.waitFor(bound.toMillis(), TimeUnit.MILLISECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.toHandle()
                        .destroyForcibly(); // Process.destroyForcibly would throw away what it said
                process.waitFor();
                String said = new Outcome(0, output.join()).lastLines();
                throw new FaultException(
                        new HostFault.CommandTooSlow(argv.getFirst(), bound.toSeconds(), said));
            }
            return new Outcome(process.exitValue(), output.join());
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while " + argv.getFirst() + " ran", e);
        } catch (IOException e) {
            process.destroyForcibly();
            throw new IllegalStateException(e);
        }
    }

    /// @return what it printed
    /// @throws FaultException with [HostFault.CommandFailed] when it ends with another status than 0, and as [#run()]
    public String require() {
        Outcome outcome = run();
        if (outcome.exit() != 0) {
            throw new FaultException(
                    new HostFault.CommandFailed(
                            argv.getFirst(), outcome.exit(), outcome.lastLines()));
        }
        return outcome.output();
    }

    /// Where a program is, searched in PATH and in the two sbin directories that a user's PATH often lacks.
    public static Optional<Path> find(String program) {
        String path = System.getenv().getOrDefault("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin";
        for (String directory : path.split(File.pathSeparator)) {
            Path candidate = Path.of(directory.isEmpty() ? "." : directory).resolve(program);
            if (Files.isExecutable(candidate) && !Files.isDirectory(candidate)) {
                return Optional.of(candidate);
            }
        }
        return Optional.empty();
    }

    /// @throws FaultException with [HostFault.CommandMissing], which names the Debian package
    public static Path require(String program, String debianPackage) {
        return find(program)
                .orElseThrow(() ->
                        new FaultException(new HostFault.CommandMissing(program, debianPackage)));
    }

    private Process start() {
        var builder = new ProcessBuilder(argv).directory(directory.toFile());
        builder.environment().putAll(environment);
        builder.environment().put("LC_ALL", "C");
        try {
            return builder.redirectErrorStream(true).start();
        } catch (IOException e) {
            throw new FaultException(
                    new HostFault.CommandMissing(argv.getFirst(), "(the package that holds it)"),
                    e);
        }
    }

    private static void read(Process process, CompletableFuture<String> output) {
        try (InputStream stream = process.getInputStream()) {
            byte[] kept = stream.readNBytes(OUTPUT_BYTES_MAX);
            stream.transferTo(java.io.OutputStream.nullOutputStream());
            output.complete(new String(kept, StandardCharsets.UTF_8));
        } catch (IOException e) {
            output.complete("(its output could not be read: " + e.getMessage() + ")");
        }
    }
}
