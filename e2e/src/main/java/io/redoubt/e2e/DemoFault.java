// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e;

import io.redoubt.core.fault.Fault;
import java.nio.file.Path;
import java.time.Duration;

/// Every way that the demo ends before its verdict.
public sealed interface DemoFault extends Fault {

    /// Something that was waited for did not come.
    ///
    /// @param seen what was there instead, at the last look
    record TookTooLong(String what, Duration waited, String seen) implements DemoFault {
        @Override
        public String message() {
            return "%s: not within %d s; last seen: %s".formatted(what, waited.toSeconds(), seen);
        }

        @Override
        public String remedy() {
            return "A slow or busy host is the usual reason; the logs below say more.";
        }
    }

    /// The guest itself said that it cannot go on.
    record GuestFailed(String machine, String words) implements DemoFault {
        @Override
        public String message() {
            return "the guest of %s gave up: %s".formatted(machine, words);
        }

        @Override
        public String remedy() {
            return "Its serial log holds what led to it.";
        }
    }

    /// A file or a command of this host failed.
    record HostFailed(String what, String why) implements DemoFault {
        @Override
        public String message() {
            return "%s: %s".formatted(what, why);
        }

        @Override
        public String remedy() {
            return "Check that this user may do it and that the disk has room.";
        }
    }

    /// The report cannot be written; refused before the demo begins.
    record ReportUnwritable(Path file, String why) implements DemoFault {
        @Override
        public String message() {
            return "the report %s cannot be written: %s".formatted(file, why);
        }

        @Override
        public String remedy() {
            return "Name a file in a directory that exists and that you may write.";
        }
    }
}
