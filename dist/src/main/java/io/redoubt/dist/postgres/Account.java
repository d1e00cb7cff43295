// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.postgres;

import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/// The user that the server runs as, and how a command gets there.
///
/// @param drop whether we are root and have to become somebody else
record Account(String name, boolean drop, String groupId) {

    static Account of(PostgresSettings settings) throws IOException {
        if (!System.getProperty("user.name").equals("root")) {
            return new Account(System.getProperty("user.name"), false, "");
        }
        Command.Output group = Command.run(List.of("id", "-g", settings.user()));
        if (group.status() != 0) {
            throw new FaultException(new PostgresFault.UserMissing(settings.user()));
        }
        return new Account(settings.user(), true, group.text().strip());
    }

    /// The command as this user; it gets SIGINT, a fast shutdown for PostgreSQL, when the thread that started it dies.
    List<String> command(List<String> argv) {
        var whole = new ArrayList<String>(List.of("setpriv"));
        if (drop) {
            whole.addAll(List.of("--reuid=" + name, "--regid=" + groupId, "--clear-groups"));
        }
        whole.addAll(List.of("--pdeathsig=INT", "--"));
        whole.addAll(argv);
        return whole;
    }

    /// A directory of this user alone.
    void own(Path directory) throws IOException {
        Files.createDirectories(directory);
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
        give(directory);
    }

    void give(Path file) throws IOException {
        if (drop) {
            Files.setOwner(
                    file,
                    file.getFileSystem()
                            .getUserPrincipalLookupService()
                            .lookupPrincipalByName(name));
        }
    }

    /// @throws FaultException with [PostgresFault.HomeClosed]
    void requireEntry(Path directory) throws IOException {
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)
                || Command.run(command(List.of("test", "-x", directory.toString()))).status()
                        != 0) {
            throw new FaultException(new PostgresFault.HomeClosed(directory, name));
        }
    }
}
