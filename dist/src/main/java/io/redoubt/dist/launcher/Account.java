// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The unprivileged user who runs PostgreSQL and QEMU when the region is root's.
record Account(String name) {
    private static final Account REDOUBT = new Account("redoubt");

    /// The account, made if it is missing; empty when the present user is not root and runs everything.
    static Optional<Account> prepare() throws IOException {
        if (!System.getProperty("user.name").equals("root")) {
            return Optional.empty();
        }
        if (!listed("/etc/passwd", REDOUBT.name)) {
            var command =
                    new ArrayList<>(
                            List.of("useradd", "--system", "--user-group", "--no-create-home"));
            command.addAll(List.of("--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"));
            if (listed("/etc/group", "kvm")) {
                command.addAll(List.of("--groups", "kvm"));
            }
            command.add(REDOUBT.name);
            HostCommand.require(command);
        }
        return Optional.of(REDOUBT);
    }

    private static boolean listed(String file, String name) throws IOException {
        return Files.readAllLines(Path.of(file)).stream()
                .anyMatch(line -> line.startsWith(name + ":"));
    }
}
