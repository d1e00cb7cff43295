// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// Where a table was made: figures mean nothing without it.
final class Host {
    private Host() {}

    /// In the order in which it is shown.
    static Map<String, String> describe(Path directory) {
        var facts = new LinkedHashMap<String, String>();
        facts.put(
                "processor",
                "%d × %s".formatted(Runtime.getRuntime().availableProcessors(), processor()));
        facts.put("kernel", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        facts.put(
                "Java",
                System.getProperty("java.vendor")
                        + " "
                        + System.getProperty("java.runtime.version"));
        facts.put("qemu-nbd", Tool.version(directory, "qemu-nbd"));
        facts.put("nbdkit", Tool.version(directory, "nbdkit"));
        facts.put("fio", Tool.version(directory, "fio"));
        facts.put("file system", fileSystem(directory));
        return facts;
    }

    /// Of a run's directory.
    static String fileSystem(Path directory) {
        try {
            return Files.getFileStore(directory).type() + " at " + directory.getParent();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String processor() {
        return find("/proc/cpuinfo", "model name").orElse(System.getProperty("os.arch", "?"));
    }

    /// How many threads wanted to run in the last minute, for who must judge how quiet the host was.
    static String load() {
        try {
            return Files.readString(Path.of("/proc/loadavg")).split(" ")[0];
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Optional<String> find(String file, String key) {
        try {
            return Files.readAllLines(Path.of(file)).stream()
                    .filter(line -> line.startsWith(key))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
