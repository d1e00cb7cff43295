// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.database;

/// Where the database is, asked for when the pool is made: until then it may still be starting.
public interface DatabaseAddress {
    String url();

    String user();

    String password();
}
