// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/// Time that this process wanted to run and the host had nobody to run it, from the kernel's own books. It excuses a measurement on a
/// busy host, and nothing else: a server that sleeps too long is not waiting for a processor.
final class Stolen {
    private static final long NANOS_OF_A_TICK = 10_000_000;

    private final long begin = now();

    long nanos() {
        return now() - begin;
    }

    private static long now() {
        try {
            return runQueue() + steal();
        } catch (IOException e) {
            throw new AssertionError("/proc cannot be read", e);
        }
    }

    private static long runQueue() throws IOException {
        long sum = 0;
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
            for (Path task : tasks) {
                try {
                    sum +=
                            Long.parseLong(
                                    Files.readString(task.resolve("schedstat")).split(" ")[1]);
                } catch (NoSuchFileException _) {
                    // it ended meanwhile
                }
            }
        }
        return sum;
    }

    /// What the host of this virtual machine took, of all processors.
    private static long steal() throws IOException {
        String cpu = Files.readAllLines(Path.of("/proc/stat")).getFirst();
        return Long.parseLong(cpu.split(" +")[8]) * NANOS_OF_A_TICK;
    }
}
