// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.serve;

import io.redoubt.core.fault.Fault;

/// What only `volume serve` refuses.
sealed interface ServeFault extends Fault {
    /// There is nothing to open, and nothing says how large to make it.
    record NoSize(String directory) implements ServeFault {
        @Override
        public String message() {
            return "The directory %s holds no volume.".formatted(directory);
        }

        @Override
        public String remedy() {
            return "Add --size, for example --size 10GiB, to make one there.";
        }
    }
}
