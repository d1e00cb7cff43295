// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.web;

import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;

/// Whether an error says that the connection to the database is gone.
public final class DatabaseLoss {
    private DatabaseLoss() {}

    /// Classes 08 (connection), 57 (the server ends), 53 (it has no room for us).
    public static boolean in(Throwable error) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLTransientConnectionException
                    || (cause instanceof SQLException sql
                            && sql.getSQLState() != null
                            && sql.getSQLState().matches("(08|57|53).*"))) {
                return true;
            }
        }
        return false;
    }
}
