// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e;

import io.redoubt.core.fault.FaultException;
import io.redoubt.dist.launcher.HostProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Processes of this host, as `/proc` shows them.
final class Processes {
    private static final Path PROC = Path.of("/proc");
    private static final long TICKS_PER_SECOND =
            100; // of every Linux on x86_64, for what /proc shows
    private static final int STATE = 0; // fields of /proc/PID/stat, counted after the name
    private static final int USER_TIME = 11;
    private static final int SYSTEM_TIME = 12;
    private static final int START_TIME = 19;
    private static final int STOLEN = 8; // field of a processor's line in /proc/stat, its name is 0

    private Processes() {}

    /// One signal to all of them, by one call.
    static void signal(String name, List<HostProcess> processes) {
        if (processes.isEmpty()) {
            return;
        }
        var command = new ArrayList<>(List.of("kill", "-s", name));
        processes.forEach(process -> command.add(Long.toString(process.pid())));
        try {
            // One that has ended meanwhile makes its status 1, which is what was wanted of it.
            new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
        } catch (IOException e) {
            throw new FaultException(
                    new DemoFault.HostFailed(String.join(" ", command), e.toString()), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new FaultException(
                    new DemoFault.HostFailed(String.join(" ", command), "interrupted"), e);
        }
    }

    static boolean isStopped(HostProcess process) {
        return stat(PROC.resolve(Long.toString(process.pid())))[STATE].equals("T");
    }

    static boolean isAlive(long pid) {
        String state = stat(PROC.resolve(Long.toString(pid)))[STATE];
        return !state.isEmpty() && !state.equals("Z") && !state.equals("X");
    }

    /// The short name of its program; empty when it has ended.
    static String name(long pid) {
        try {
            return Files.readString(PROC.resolve(pid + "/comm"), StandardCharsets.ISO_8859_1)
                    .strip();
        } catch (IOException _) {
            return "";
        }
    }

    static List<String> arguments(long pid) {
        try {
            String line =
                    Files.readString(PROC.resolve(pid + "/cmdline"), StandardCharsets.ISO_8859_1);
            return List.of(line.split("\0"));
        } catch (IOException e) {
            throw new FaultException(
                    new DemoFault.HostFailed(
                            "process %d cannot be read".formatted(pid), e.toString()),
                    e);
        }
    }

    /// When a process began, since 1970, to 10 ms.
    static long startMillis(long pid) {
        String[] fields = stat(PROC.resolve(Long.toString(pid)));
        if (fields.length <= START_TIME) {
            throw new FaultException(
                    new DemoFault.HostFailed(
                            "process %d cannot be read".formatted(pid), "it has ended"));
        }
        try {
            String uptime = Files.readString(PROC.resolve("uptime")).split(" ")[0];
            double ageSeconds =
                    Double.parseDouble(uptime)
                            - Long.parseLong(fields[START_TIME]) / (double) TICKS_PER_SECOND;
            return System.currentTimeMillis() - Math.round(ageSeconds * 1e3);
        } catch (IOException e) {
            throw new FaultException(
                    new DemoFault.HostFailed("/proc/uptime cannot be read", e.toString()), e);
        }
    }

    /// The time that the processors of a QEMU's guest have run, in hundredths of a second.
    static long guestTicks(long qemuPid) {
        long ticks = 0;
        try (DirectoryStream<Path> threads =
                Files.newDirectoryStream(PROC.resolve(qemuPid + "/task"))) {
            for (Path thread : threads) {
                if (Files.readString(thread.resolve("comm")).startsWith("CPU ")) {
                    String[] fields = stat(thread);
                    ticks +=
                            Long.parseLong(fields[USER_TIME]) + Long.parseLong(fields[SYSTEM_TIME]);
                }
            }
            return ticks;
        } catch (IOException _) {
            return ticks; // it has ended: its guest runs no more
        }
    }

    /// For how long the machine below this host has given each processor to somebody else, in seconds since the start.
    static double[] stolenSeconds() {
        try {
            return Files.readAllLines(PROC.resolve("stat"), StandardCharsets.ISO_8859_1).stream()
                    .filter(line -> line.matches("cpu\\d.*"))
                    .mapToDouble(line ->
                            Long.parseLong(line.split(" ")[STOLEN]) / (double) TICKS_PER_SECOND)
                    .toArray();
        } catch (IOException e) {
            throw new FaultException(
                    new DemoFault.HostFailed("/proc/stat cannot be read", e.toString()), e);
        }
    }

    /// Every other process whose command line, environment, program or working directory names this directory.
    static List<String> naming(Path directory) {
        var found = new ArrayList<String>();
        long self = ProcessHandle.current().pid();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(PROC, "[0-9]*")) {
            for (Path entry : entries) {
                long pid = Long.parseLong(entry.getFileName().toString());
                if (pid != self && names(entry, directory) && isAlive(pid)) {
                    found.add(pid + " " + String.join(" ", arguments(pid)));
                }
            }
        } catch (IOException e) {
            throw new FaultException(
                    new DemoFault.HostFailed("/proc cannot be read", e.toString()), e);
        }
        return found;
    }

    private static boolean names(Path entry, Path directory) {
        String text = directory.toString();
        return holds(entry.resolve("cmdline"), text)
                || holds(entry.resolve("environ"), text)
                || pointsBelow(entry.resolve("exe"), directory)
                || pointsBelow(entry.resolve("cwd"), directory);
    }

    private static boolean holds(Path file, String text) {
        try {
            return Arrays.stream(Files.readString(file, StandardCharsets.ISO_8859_1).split("\0"))
                    .anyMatch(word -> word.contains(text));
        } catch (IOException _) {
            return false; // gone, or another user's
        }
    }

    private static boolean pointsBelow(Path link, Path directory) {
        try {
            return Files.readSymbolicLink(link).startsWith(directory);
        } catch (IOException _) {
            return false;
        }
    }

    private static String[] stat(Path entry) {
        try {
            String stat = Files.readString(entry.resolve("stat"), StandardCharsets.ISO_8859_1);
            // The name stands in parentheses and may hold anything, so count from its end.
            return stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        } catch (IOException _) {
            return new String[] {""};
        }
    }
}
