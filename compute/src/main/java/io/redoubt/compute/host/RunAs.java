// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.host;

import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// A user without privileges, as whom a process is started.
public record RunAs(String name, int uid, int gid) {
    private static final Path USERS = Path.of("/etc/passwd");
    private static final int PASSWD_FIELDS = 7;

    public RunAs {
        if (uid == 0) {
            throw new IllegalArgumentException("user " + name + " has the number 0: that is root");
        }
    }

    /// @throws FaultException with [HostFault.NoSuchUser]
    public static RunAs user(String name) {
        try {
            for (String line : Files.readAllLines(USERS)) {
                String[] fields = line.split(":", PASSWD_FIELDS);
                if (fields.length == PASSWD_FIELDS && fields[0].equals(name)) {
                    return new RunAs(
                            name, Integer.parseInt(fields[2]), Integer.parseInt(fields[3]));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        throw new FaultException(new HostFault.NoSuchUser(name));
    }

    /// The number of the user that this JVM runs as.
    public static int currentUid() {
        return new HostProcess(ProcessHandle.current().pid(), 0).uid();
    }

    /// What stands before a command so that it runs as this user, without any group but its own and without any capability, and
    /// can never get one back. Each word replaces the process by the next: the process number stays the same.
    ///
    /// @param groups further groups that it needs, for example the one of `/dev/kvm`
    public List<String> prefix(List<Integer> groups) {
        var words = new ArrayList<String>();
        words.addAll(List.of("setpriv", "--reuid=" + uid, "--regid=" + gid, "--no-new-privs"));
        words.addAll(List.of("--bounding-set=-all", "--inh-caps=-all"));
        words.add(
                groups.isEmpty()
                        ? "--clear-groups"
                        : "--groups="
                                + String.join(",", groups.stream().map(String::valueOf).toList()));
        return List.copyOf(words);
    }

    /// Refuses a path that this user cannot come to because a directory above is closed to it.
    ///
    /// @throws FaultException with [HostFault.CannotReach], which names the first closed directory
    public void requireReach(Path target) {
        Path whole = target.toAbsolutePath().normalize();
        for (int i = 1; i < whole.getNameCount(); i++) {
            Path directory = whole.getRoot().resolve(whole.subpath(0, i));
            if (!mayPass(directory)) {
                throw new FaultException(
                        new HostFault.CannotReach(whole, directory, mode(directory), name));
            }
        }
    }

    /// Refuses a socket that this user cannot connect to: one must be able to write to it.
    ///
    /// @throws FaultException with [HostFault.CannotReach]
    public void requireConnect(Path socket) {
        requireReach(socket);
        if (Files.exists(socket) && !may(socket, 2)) {
            throw new FaultException(new HostFault.CannotReach(socket, socket, mode(socket), name));
        }
    }

    /// Makes the user the owner, with a mode such as `rwx------`.
    public void own(Path path, String mode) {
        try {
            Files.setAttribute(path, "unix:uid", uid);
            Files.setAttribute(path, "unix:gid", gid);
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private boolean mayPass(Path directory) {
        return may(directory, 1);
    }

    /// @param right 1 to pass a directory, 2 to write, 4 to read
    private boolean may(Path path, int right) {
        try {
            Map<String, Object> attributes = Files.readAttributes(path, "unix:uid,gid,mode");
            int mode = (int) attributes.getOrDefault("mode", 0);
            if (attributes.get("uid") instanceof Integer owner && owner == uid) {
                return (mode & right << 6) != 0;
            }
            if (attributes.get("gid") instanceof Integer group && group == gid) {
                return (mode & right << 3) != 0;
            }
            return (mode & right) != 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String mode(Path directory) {
        try {
            return PosixFilePermissions.toString(Files.getPosixFilePermissions(directory));
        } catch (IOException e) {
            return "unknown mode";
        }
    }
}
