// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.launcher;

import io.redoubt.core.fault.Fault;
import java.nio.file.Path;
import java.util.List;

/// Every way that a region does not start or stop.
public sealed interface LauncherFault extends Fault {

    /// A second `up`: nothing was changed.
    record AlreadyUp(Path home, List<String> processes) implements LauncherFault {
        @Override
        public String message() {
            return "a region is up in %s already: %s".formatted(home, String.join(", ", processes));
        }

        @Override
        public String remedy() {
            return "Use it (./redoubt status), stop it (./redoubt down), or set REDOUBT_HOME to another directory for a second region.";
        }
    }

    /// Another `up` or `down` is at work.
    record Busy(Path home) implements LauncherFault {
        @Override
        public String message() {
            return "another up or down is at work in %s".formatted(home);
        }

        @Override
        public String remedy() {
            return "Wait until it has ended, then try again.";
        }
    }

    /// A port that was asked for by number is taken.
    record PortInUse(String option, int port, String why) implements LauncherFault {
        @Override
        public String message() {
            return "port %d of %s is in use on 127.0.0.1 (%s)".formatted(port, option, why);
        }

        @Override
        public String remedy() {
            return "Name another port, or leave %s out for a free one.".formatted(option);
        }
    }

    /// PostgreSQL and QEMU run as a user who cannot reach the home.
    record NotTraversable(Path home, Path directory, String mode, String user)
            implements LauncherFault {
        @Override
        public String message() {
            return "user '%s', who runs PostgreSQL and QEMU, cannot pass through %s (mode %s) to %s"
                    .formatted(user, directory, mode, home);
        }

        @Override
        public String remedy() {
            return "chmod o+x %s, or set REDOUBT_HOME to a directory that every user may pass through."
                    .formatted(directory);
        }
    }

    /// A Unix socket below this home would have a name that the kernel does not take.
    record HomeTooLong(Path home, int length, int lengthMax) implements LauncherFault {
        @Override
        public String message() {
            return "%s has %d bytes; with more than %d the longest socket in it would exceed the %d bytes of a Unix socket's name"
                    .formatted(home, length, lengthMax, Home.SOCKET_PATH_MAX);
        }

        @Override
        public String remedy() {
            return "Set REDOUBT_HOME to a shorter path, for example /srv/redoubt.";
        }
    }

    /// The home cannot be made, read or written.
    record HomeUnusable(Path home, String why) implements LauncherFault {
        @Override
        public String message() {
            return "%s cannot be used as the home of a region: %s".formatted(home, why);
        }

        @Override
        public String remedy() {
            return "Set REDOUBT_HOME to a directory that this user may write.";
        }
    }

    /// A process ended before it was ready.
    record ProcessDied(String what, Path log, String lastLines) implements LauncherFault {
        @Override
        public String message() {
            return "%s ended before it was ready; the end of %s:%n%s"
                    .formatted(what, log, lastLines);
        }

        @Override
        public String remedy() {
            return "Read the log, mend the cause, then ./redoubt up again.";
        }
    }

    /// A process lives and is not ready in time.
    record NotReady(String what, long seconds, Path log) implements LauncherFault {
        @Override
        public String message() {
            return "%s was not ready after %d s".formatted(what, seconds);
        }

        @Override
        public String remedy() {
            return "Read %s; ./redoubt down stops what runs.".formatted(log);
        }
    }

    /// A command of the host failed.
    record CommandFailed(List<String> command, String output) implements LauncherFault {
        @Override
        public String message() {
            return "'%s' failed: %s".formatted(String.join(" ", command), output.strip());
        }

        @Override
        public String remedy() {
            return "Run it by hand to see why.";
        }
    }

    /// Something would not end, not even by SIGKILL.
    record StillAlive(List<String> processes) implements LauncherFault {
        @Override
        public String message() {
            return "still there after SIGKILL: %s".formatted(String.join(", ", processes));
        }

        @Override
        public String remedy() {
            return "Such a process waits for a disk or a device; try ./redoubt down again in a while.";
        }
    }
}
