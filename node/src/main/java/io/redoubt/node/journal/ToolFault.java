// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.journal;

import io.redoubt.core.fault.Fault;
import java.nio.file.Path;

/// Every way that an export refuses to begin.
sealed interface ExportFault extends Fault {
    /// An image of that name is there.
    record Exists(Path file) implements ExportFault {
        @Override
        public String message() {
            return "%s exists already, and no image is ever overwritten.".formatted(file);
        }

        @Override
        public String remedy() {
            return "Name another directory with --to, or move the file away.";
        }
    }
}
