// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core;

/// A protection group: the volumes that recover together.
public record GroupId(String value) {
    public GroupId {
        Name.require("protection group", value);
    }

    @Override
    public String toString() {
        return value;
    }
}
