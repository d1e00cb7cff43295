// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core;

/// A volume, unique in its region.
public record VolumeId(String value) {
    public VolumeId {
        Name.require("volume", value);
    }

    @Override
    public String toString() {
        return value;
    }
}
