// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.machines;

import io.redoubt.core.fault.Fault;

/// Every way that a node refuses a command about a machine.
public sealed interface MachineFault extends Fault {
    record Unknown(String machine) implements MachineFault {
        @Override
        public String message() {
            return "This node keeps no machine %s.".formatted(machine);
        }

        @Override
        public String remedy() {
            return "Create it here first, or ask the node that keeps it.";
        }
    }

    record NotRunning(String machine, String why) implements MachineFault {
        @Override
        public String message() {
            return "Machine %s does not run here%s."
                    .formatted(machine, why.isEmpty() ? "" : ": " + why);
        }

        @Override
        public String remedy() {
            return "Start it.";
        }
    }
}
