// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.host;

import io.redoubt.core.fault.Fault;
import java.nio.file.Path;

/// Every way that the host refuses what compute asks of it.
public sealed interface HostFault extends Fault {
    /// A program is not installed.
    record CommandMissing(String command, String debianPackage) implements HostFault {
        @Override
        public String message() {
            return "The program %s is not installed.".formatted(command);
        }

        @Override
        public String remedy() {
            return "Install it: sudo apt-get install --no-install-recommends " + debianPackage;
        }
    }

    /// A program ran and said no.
    record CommandFailed(String command, int exit, String lastLines) implements HostFault {
        @Override
        public String message() {
            return "%s ended with status %d: %s".formatted(command, exit, lastLines);
        }

        @Override
        public String remedy() {
            return "Correct what its last lines name, then run the same again.";
        }
    }

    /// A program did not end in time and was killed.
    record CommandTooSlow(String command, long seconds, String lastLines) implements HostFault {
        @Override
        public String message() {
            return "%s did not end within %d s and was killed: %s"
                    .formatted(command, seconds, lastLines);
        }

        @Override
        public String remedy() {
            return "Look at the load of this host and at its network, then run the same again.";
        }
    }

    /// The kernel takes 107 bytes at most.
    record SocketPathTooLong(Path socket, int bytes, int bytesMax) implements HostFault {
        @Override
        public String message() {
            return "The socket path %s has %d bytes, the kernel takes %d."
                    .formatted(socket, bytes, bytesMax);
        }

        @Override
        public String remedy() {
            return "Choose a home with a path that is shorter by %d bytes."
                    .formatted(bytes - bytesMax);
        }
    }

    /// A directory on the way is closed to the user that has to pass it.
    record CannotReach(Path target, Path closed, String mode, String user) implements HostFault {
        @Override
        public String message() {
            return "The user %s cannot reach %s: %s (%s) is closed to it."
                    .formatted(user, target, closed, mode);
        }

        @Override
        public String remedy() {
            return "Open it (chmod o+x %s) or choose a home below a directory that %s may pass."
                    .formatted(closed, user);
        }
    }

    /// The user to run as does not exist.
    record NoSuchUser(String name) implements HostFault {
        @Override
        public String message() {
            return "There is no user %s on this host.".formatted(name);
        }

        @Override
        public String remedy() {
            return "Make it: sudo useradd --system --no-create-home --shell /usr/sbin/nologin "
                    + name;
        }
    }

    /// Nothing listens, or the listener went away.
    record NoPeer(Path socket, String cause) implements HostFault {
        @Override
        public String message() {
            return "Nobody answers at the socket %s: %s.".formatted(socket, cause);
        }

        @Override
        public String remedy() {
            return "See in the log beside the socket why its process ended, then start it again.";
        }
    }

    /// A process outlived SIGKILL.
    record Unkillable(long pid, long seconds, String state) implements HostFault {
        @Override
        public String message() {
            return "Process %d is still there %d s after SIGKILL (state %s)."
                    .formatted(pid, seconds, state);
        }

        @Override
        public String remedy() {
            return "It waits inside the kernel, most often for a device: see the kernel's log; only a restart of the host ends it.";
        }
    }
}
