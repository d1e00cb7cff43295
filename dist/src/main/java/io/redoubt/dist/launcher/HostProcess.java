// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.launcher;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A process of this host, told from a later one with the same number by the time it started.
///
/// @param startTicks field 22 of `/proc/PID/stat`: clock ticks since boot
public record HostProcess(long pid, long startTicks) {
    private static final Path PROC = Path.of("/proc");
    private static final String QEMU = "qemu-system";
    private static final int WORDS_MAX = 120;
    private static final Duration LOOK_AGAIN = Duration.ofMillis(50);

    /// Starts a command in a session of its own, so that it outlives this process and its terminal.
    ///
    /// @param log takes what it writes; appended to
    static HostProcess startDetached(List<String> command, Map<String, String> more, Path log)
            throws IOException {
        var whole = new ArrayList<String>();
        whole.add("setsid"); // becomes the command: its process id is the command's
        whole.addAll(command);
        var builder = new ProcessBuilder(whole);
        builder.environment().putAll(more);
        builder.redirectInput(Path.of("/dev/null").toFile());
        builder.redirectErrorStream(true);
        builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        return of(builder.start().pid());
    }

    /// The process with this number as it is now; one that is gone already is never alive.
    static HostProcess of(long pid) {
        return new HostProcess(pid, startTicks(pid));
    }

    /// All processes of a region or a zone: by the variable in the environment that they were started with, or by the
    /// directory, for the two that have no such environment. PostgreSQL's program lies in the home, and QEMU works in its
    /// machine's directory.
    static List<HostProcess> belongingTo(String variable, String value, Path directory)
            throws IOException {
        var found = new ArrayList<HostProcess>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(PROC, "[0-9]*")) {
            for (Path entry : entries) {
                if (value.equals(variable(entry, variable).orElse(null))
                        || livesIn(entry, directory)) {
                    HostProcess process = of(Long.parseLong(entry.getFileName().toString()));
                    if (process.alive()) {
                        found.add(process);
                    }
                }
            }
        }
        return found;
    }

    /// A variable of the environment that this process was started with.
    Optional<String> variable(String name) {
        return variable(PROC.resolve(Long.toString(pid)), name);
    }

    /// Its command line for people, shortened.
    String words() {
        try {
            String line =
                    Files.readString(PROC.resolve(pid + "/cmdline"), StandardCharsets.ISO_8859_1)
                            .replace('\0', ' ')
                            .strip();
            return line.substring(0, Math.min(WORDS_MAX, line.length())) + " (pid " + pid + ")";
        } catch (IOException _) {
            return "pid " + pid;
        }
    }

    /// Whether it runs; a zombie does not.
    public boolean alive() {
        return startTicks >= 0 && startTicks(pid) == startTicks;
    }

    /// @param signal by its name, `TERM`
    public void signal(String signal) {
        if (alive()) {
            HostCommand.run(List.of("kill", "-s", signal, Long.toString(pid)));
        }
    }

    /// @return whether it has ended within the limit
    boolean awaitEnd(Duration limit) {
        long deadline = System.nanoTime() + limit.toNanos();
        while (alive()) {
            if (System.nanoTime() > deadline) {
                return false;
            }
            pause(LOOK_AGAIN);
        }
        return true;
    }

    static void pause(Duration time) {
        try {
            Thread.sleep(time);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for a process", e);
        }
    }

    private static boolean livesIn(Path entry, Path directory) {
        try {
            Path program = Files.readSymbolicLink(entry.resolve("exe"));
            return program.startsWith(directory)
                    || (program.getFileName().toString().startsWith(QEMU)
                            && Files.readSymbolicLink(entry.resolve("cwd")).startsWith(directory));
        } catch (IOException _) {
            return false; // gone, or another user's: not ours to stop
        }
    }

    private static Optional<String> variable(Path entry, String name) {
        try {
            String environment =
                    Files.readString(entry.resolve("environ"), StandardCharsets.ISO_8859_1);
            return Arrays.stream(environment.split("\0"))
                    .filter(line -> line.startsWith(name + "="))
                    .map(line -> line.substring(name.length() + 1))
                    .findFirst();
        } catch (IOException _) {
            return Optional.empty(); // gone, or another user's: not ours to stop
        }
    }

    private static long startTicks(long pid) {
        String stat;
        try {
            stat = Files.readString(PROC.resolve(pid + "/stat"), StandardCharsets.ISO_8859_1);
        } catch (IOException _) {
            return -1;
        }
        // The name stands in parentheses and may hold anything, so count from its end: state is the
        // third field.
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return fields[0].equals("Z") || fields[0].equals("X") ? -1 : Long.parseLong(fields[19]);
    }
}
