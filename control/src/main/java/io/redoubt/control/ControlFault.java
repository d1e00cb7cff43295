// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import io.redoubt.core.fault.Fault;
import java.nio.file.Path;

/// Every way that a control plane refuses to start.
sealed interface ControlFault extends Fault {

    /// Another control plane works in this home.
    record HomeInUse(Path home) implements ControlFault {
        @Override
        public String message() {
            return "another control plane runs in " + home;
        }

        @Override
        public String remedy() {
            return "Stop it first (redoubt down), or choose another --home.";
        }
    }

    /// A port that was asked for is taken.
    record PortInUse(String what, int port) implements ControlFault {
        @Override
        public String message() {
            return "port %d for %s is in use".formatted(port, what);
        }

        @Override
        public String remedy() {
            return "Stop the program that uses it, or leave the option out for a free port.";
        }
    }
}
