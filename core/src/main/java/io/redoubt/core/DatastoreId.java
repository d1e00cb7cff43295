// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core;

/// A datastore, unique in its region.
public record DatastoreId(String value) {
    public DatastoreId {
        Name.require("datastore", value);
    }

    @Override
    public String toString() {
        return value;
    }
}
