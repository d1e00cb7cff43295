// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.protocol.Command;
import io.redoubt.protocol.EnsureDatastore;
import io.redoubt.protocol.EnsureVolume;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/// A process with the storage of a node: it makes so many volumes of 16 MiB, or finds them, serves them all, and tells time and memory.
final class ManyVolumes {
    private static final long SIZE = 16 << 20;

    private ManyVolumes() {}

    public static void main(String[] arguments) throws Exception {
        Path home = Path.of(arguments[0]);
        int count = Integer.parseInt(arguments[1]);
        try (var storage = new TestedStorage(home)) {
            if (arguments.length > 2) {
                make(storage, count);
            }
            long millis =
                    System.currentTimeMillis()
                            - ManagementFactory.getRuntimeMXBean().getStartTime();
            try (var lines = Files.lines(Path.of("/proc/self/status"))) {
                String resident =
                        lines.filter(line -> line.startsWith("VmRSS:"))
                                .findFirst()
                                .orElseThrow()
                                .replaceAll("\\D", "");
                try (var sockets = Files.list(home.resolve("s"))) {
                    System.out.printf(
                            "READY %d %d %d%n", millis, Long.parseLong(resident), sockets.count());
                }
            }
        }
    }

    private static void make(TestedStorage storage, int count) {
        var _ =
                storage.carryOut(
                        Command.newBuilder()
                                .setEnsureDatastore(
                                        EnsureDatastore.newBuilder()
                                                .setDatastore("ds")
                                                .setPool("home")
                                                .setSizeBytes(SIZE * count)));
        for (int i = 0; i < count; i++) {
            storage.ensure(
                    EnsureVolume.newBuilder()
                            .setVolume("v" + i)
                            .setSizeBytes(SIZE)
                            .setDatastore("ds"));
            var _ = storage.raise("v" + i, 1, "n");
        }
    }
}
