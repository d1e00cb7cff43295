// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core.port;

import io.redoubt.core.fault.Fault;

/// Every way that a disk refuses work.
public sealed interface DiskFault extends Fault {
    /// No room.
    record Full(String file, long wanted, long free) implements DiskFault {
        @Override
        public String message() {
            return "The disk is full: %s needs %d bytes more, %d are free."
                    .formatted(file, wanted, free);
        }

        @Override
        public String remedy() {
            return "Free room on this file system or move the data to a larger one; the work goes on by itself afterwards.";
        }
    }

    /// The name is not there.
    record Missing(String file) implements DiskFault {
        @Override
        public String message() {
            return "The file %s does not exist.".formatted(file);
        }

        @Override
        public String remedy() {
            return "Check the directory; if the file was removed by hand, restore it from a backup.";
        }
    }

    /// The name is taken.
    record Exists(String file) implements DiskFault {
        @Override
        public String message() {
            return "The file %s exists already.".formatted(file);
        }

        @Override
        public String remedy() {
            return "Choose another name or another directory.";
        }
    }

    /// The device answered with an error.
    record Failed(String file, String operation, String cause) implements DiskFault {
        @Override
        public String message() {
            return "The disk failed to %s %s: %s.".formatted(operation, file, cause);
        }

        @Override
        public String remedy() {
            return "Look at the kernel's log for the device; take it out of service before it is used again.";
        }
    }
}
