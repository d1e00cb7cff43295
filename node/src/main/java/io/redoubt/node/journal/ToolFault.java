// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.journal;

import io.redoubt.core.fault.Fault;
import java.nio.file.Path;

/// Every way that a command about a journal refuses to begin.
sealed interface ToolFault extends Fault {
    /// An image of that name is there.
    record Exists(Path file) implements ToolFault {
        @Override
        public String message() {
            return "%s exists already, and no image is ever overwritten.".formatted(file);
        }

        @Override
        public String remedy() {
            return "Name another directory with --to, or move the file away.";
        }
    }

    /// What would be read is half of what is being written.
    record NodeRuns(Path directory, long pid) implements ToolFault {
        @Override
        public String message() {
            return "Process %d is the node that writes %s.".formatted(pid, directory);
        }

        @Override
        public String remedy() {
            return "Ask the node (point list, a test failover), stop it (./redoubt down), or read a copy of the directory.";
        }
    }
}
