// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core;

/// A machine: one guest.
public record MachineId(String value) {
    public MachineId {
        Name.require("machine", value);
    }

    @Override
    public String toString() {
        return value;
    }
}
