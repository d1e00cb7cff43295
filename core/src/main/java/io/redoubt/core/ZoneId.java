// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core;

/// An availability zone.
public record ZoneId(String value) {
    public ZoneId {
        Name.require("zone", value);
    }

    @Override
    public String toString() {
        return value;
    }
}
