// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.host;

import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// A process of this host, whoever started it.
///
/// A process number alone is used again after a while; together with its start time it names one process for ever.
///
/// @param startTicks field 22 of `/proc/PID/stat`: clock ticks after the boot of the host
public record HostProcess(long pid, long startTicks) {
    private static final Duration POLL = Duration.ofMillis(10);
    private static final Duration KILL_WAIT = Duration.ofSeconds(10);

    /// The process that has this number now. A zombie is dead: nobody may have collected it yet.
    public static Optional<HostProcess> find(long pid) {
        return stat(pid).filter(Stat::lives).map(stat -> new HostProcess(pid, stat.startTicks()));
    }

    public boolean alive() {
        return stat(pid)
                .filter(Stat::lives)
                .filter(stat -> stat.startTicks() == startTicks)
                .isPresent();
    }

    /// The arguments it was started with; empty when it is gone.
    public List<String> arguments() {
        try {
            String line = Files.readString(proc(pid, "cmdline"), StandardCharsets.ISO_8859_1);
            return List.of(line.split("\0"));
        } catch (IOException e) {
            return List.of();
        }
    }

    /// The real user it runs as, -1 when it is gone.
    public int uid() {
        try {
            for (String line : Files.readAllLines(proc(pid, "status"))) {
                if (line.startsWith("Uid:")) {
                    return Integer.parseInt(line.split("\\s+")[1]);
                }
            }
        } catch (IOException e) {
            return -1;
        }
        return -1;
    }

    /// @return whether it ended in this time
    public boolean awaitEnd(Duration time) {
        long end = System.nanoTime() + time.toNanos();
        while (alive()) {
            if (System.nanoTime() - end > 0) {
                return false;
            }
            Pause.of(POLL);
        }
        return true;
    }

    /// SIGKILL, then waits until it is gone. Nothing happens when it is gone already.
    ///
    /// @throws FaultException with [HostFault.Unkillable] when the kernel keeps it for longer than 10 s
    public void kill() {
        if (alive()) {
            ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
        }
        if (!awaitEnd(KILL_WAIT)) {
            String state = stat(pid).map(stat -> String.valueOf(stat.state())).orElse("?");
            throw new FaultException(new HostFault.Unkillable(pid, KILL_WAIT.toSeconds(), state));
        }
    }

    private static Path proc(long pid, String file) {
        return Path.of("/proc", Long.toString(pid), file);
    }

    private record Stat(char state, long startTicks) {
        boolean lives() {
            return state != 'Z' && state != 'X';
        }
    }

    private static Optional<Stat> stat(long pid) {
        try {
            String line = Files.readString(proc(pid, "stat"), StandardCharsets.ISO_8859_1);
            // The name stands in brackets and may itself hold brackets and spaces: count from the
            // last one.
            String[] rest = line.substring(line.lastIndexOf(')') + 2).split(" ");
            return Optional.of(new Stat(rest[0].charAt(0), Long.parseLong(rest[19])));
        } catch (IOException | IndexOutOfBoundsException | NumberFormatException e) {
            return Optional.empty();
        }
    }
}
