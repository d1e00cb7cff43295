// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench;

import io.redoubt.core.fault.Fault;
import java.util.List;

/// Why nothing could be measured.
sealed interface BenchFault extends Fault {
    record Missing(String program, String debianPackage) implements BenchFault {
        @Override
        public String message() {
            return "%s is not installed.".formatted(program);
        }

        @Override
        public String remedy() {
            return "apt-get install --no-install-recommends " + debianPackage;
        }
    }

    record Failed(List<String> command, int status, String said) implements BenchFault {
        private static final int SAID_MAX = 2000;

        @Override
        public String message() {
            return "%s ended with status %d: %s"
                    .formatted(
                            String.join(" ", command),
                            status,
                            said.substring(Math.max(0, said.length() - SAID_MAX)).strip());
        }

        @Override
        public String remedy() {
            return "Run that command by hand; leave the profile out with --only when it cannot work here.";
        }
    }

    record NotReady(String server, long seconds, String said) implements BenchFault {
        @Override
        public String message() {
            return "%s did not open its socket within %d s: %s"
                    .formatted(server, seconds, said.strip());
        }

        @Override
        public String remedy() {
            return "Start it by hand with the same arguments; they stand in docs/benchmarks.md.";
        }
    }

    record NoProfile(String asked, List<String> known) implements BenchFault {
        @Override
        public String message() {
            return "No profile's name begins with '%s'.".formatted(asked);
        }

        @Override
        public String remedy() {
            return "Choose one of: " + String.join(", ", known);
        }
    }

    record NoRoom(String directory, long free, long needed) implements BenchFault {
        @Override
        public String message() {
            return "%s has %d MiB free; %d MiB are needed."
                    .formatted(directory, free >> 20, needed >> 20);
        }

        @Override
        public String remedy() {
            return "Choose a smaller --size, or another directory with --in.";
        }
    }
}
