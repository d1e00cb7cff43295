// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core;

/// A node: one host's daemon.
public record NodeId(String value) {
    public NodeId {
        Name.require("node", value);
    }

    @Override
    public String toString() {
        return value;
    }
}
