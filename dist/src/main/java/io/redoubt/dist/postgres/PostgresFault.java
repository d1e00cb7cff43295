// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.postgres;

import io.redoubt.core.fault.Fault;
import java.nio.file.Path;

/// Every way that the embedded PostgreSQL refuses to start.
public sealed interface PostgresFault extends Fault {

    /// PostgreSQL never runs as root, and the user that it should run as is not there.
    record UserMissing(String user) implements PostgresFault {
        @Override
        public String message() {
            return "PostgreSQL does not run as root, and this host has no user '%s'"
                    .formatted(user);
        }

        @Override
        public String remedy() {
            return "Run: useradd --system --no-create-home --shell /usr/sbin/nologin " + user;
        }
    }

    /// The server's user cannot get to its files.
    record HomeClosed(Path home, String user) implements PostgresFault {
        @Override
        public String message() {
            return "user '%s' cannot enter %s, so PostgreSQL cannot run there"
                    .formatted(user, home);
        }

        @Override
        public String remedy() {
            return "Choose a home outside /root, or let others pass: chmod o+x on each directory above it.";
        }
    }

    /// The data was made by another major version, whose files this one cannot read.
    record OtherMajor(Path data, String found, String expected) implements PostgresFault {
        @Override
        public String message() {
            return "%s holds data of PostgreSQL %s, this release brings %s"
                    .formatted(data, found, expected);
        }

        @Override
        public String remedy() {
            return "Start the release that made it and export the data, or choose another home.";
        }
    }

    /// Somebody else listens on the port that was asked for.
    record PortInUse(int port) implements PostgresFault {
        @Override
        public String message() {
            return "port %d of 127.0.0.1 is in use, so PostgreSQL cannot listen there"
                    .formatted(port);
        }

        @Override
        public String remedy() {
            return "Stop the program that uses it, or give port 0 for a free one.";
        }
    }

    /// A step of the start failed; the end of its output says why.
    record DidNotStart(String step, String tail) implements PostgresFault {
        @Override
        public String message() {
            return "PostgreSQL: %s failed: %s".formatted(step, tail);
        }

        @Override
        public String remedy() {
            return "Read the message above; most often the disk is full or the directory belongs to somebody else.";
        }
    }

    /// An earlier server still uses the data and does not end.
    record StillRunning(Path data, long pid) implements PostgresFault {
        @Override
        public String message() {
            return "an earlier PostgreSQL (process %d) still uses %s and did not end within 15 s"
                    .formatted(pid, data);
        }

        @Override
        public String remedy() {
            return "Look at that process; when it is not needed: kill -QUIT %d".formatted(pid);
        }
    }
}
