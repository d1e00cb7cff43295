// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.launcher;

import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;

/// The directory of one region, and where its parts live in it.
public record Home(Path path) {
    static final int SOCKET_PATH_MAX = 107;

    /// What the longest socket's path adds to the home: a volume's `/zone-a/s/ID-NUMBER` with an id of 26 characters and a
    /// number of 19 digits has 56 bytes, a machine's `/zone-a/m/ID/agent` fewer; the rest is room.
    private static final int SOCKET_SUFFIX_MAX = 62;

    public Home {
        path = path.toAbsolutePath().normalize();
    }

    public Path control() {
        return path.resolve("control");
    }

    public Path zone(String zone) {
        return path.resolve("zone-" + zone);
    }

    public Path log(String process) {
        return logs().resolve(process + ".log");
    }

    private Path logs() {
        return path.resolve("log");
    }

    Path record() {
        return path.resolve("region.json");
    }

    Path lock() {
        return path.resolve("region.lock");
    }

    /// Makes the home, or checks the one that is there.
    ///
    /// @param account the user who runs PostgreSQL and QEMU, when that is not the present one
    /// @throws FaultException with [LauncherFault.HomeTooLong], [LauncherFault.NotTraversable] or [LauncherFault.HomeUnusable]
    void prepare(Optional<Account> account) {
        int length = path.toString().getBytes(StandardCharsets.UTF_8).length;
        int lengthMax = SOCKET_PATH_MAX - SOCKET_SUFFIX_MAX;
        if (length > lengthMax) {
            throw new FaultException(new LauncherFault.HomeTooLong(path, length, lengthMax));
        }
        try {
            if (!Files.isDirectory(path)) {
                Files.createDirectories(path.getParent());
                Files.createDirectory(path);
                // Another user passes through and reads nothing; without one nobody else has
                // business here.
                mode(path, account.isPresent() ? "rwx--x--x" : "rwx------");
            }
            if (account.isPresent()) {
                requireWayFor(account.get());
            }
            Files.createDirectories(logs());
            mode(logs(), "rwx------");
        } catch (IOException e) {
            throw new FaultException(new LauncherFault.HomeUnusable(path, e.toString()), e);
        }
    }

    private void requireWayFor(Account account) throws IOException {
        for (Path directory = path; directory != null; directory = directory.getParent()) {
            var attributes = Files.readAttributes(directory, PosixFileAttributes.class);
            var permissions = attributes.permissions();
            boolean owner = attributes.owner().getName().equals(account.name());
            var needed =
                    owner ? PosixFilePermission.OWNER_EXECUTE : PosixFilePermission.OTHERS_EXECUTE;
            if (!permissions.contains(needed)) {
                throw new FaultException(
                        new LauncherFault.NotTraversable(
                                path,
                                directory,
                                PosixFilePermissions.toString(permissions),
                                account.name()));
            }
        }
    }

    private static void mode(Path directory, String permissions) throws IOException {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString(permissions));
    }
}
