// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.identity;

import io.redoubt.control.web.Page;
import io.redoubt.control.web.Refusal;
import io.redoubt.core.fault.FaultException;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.RowMapper;
import org.springframework.jdbc.core.simple.JdbcClient;

/// The rows of a table that a tenant sees: found by id or by name, listed by name, a page at a time. Another tenant's are not there.
///
/// @param what   the noun that a refusal uses
/// @param table  has the columns `id`, `tenant` and `name`
/// @param select everything before `where`
public record TenantRows<T>(
        JdbcClient sql, String what, String table, String select, RowMapper<T> row) {

    /// @param reference an id, or a name; an id wins
    /// @throws FaultException with [Refusal.NotFound]
    public T require(Caller caller, String reference) {
        return sql.sql(
                        select
                                + " where %1$s.tenant = ? and (%1$s.id = ? or %1$s.name = ?) order by %1$s.id = ? desc limit 1"
                                        .formatted(table))
                .params(caller.tenant(), reference, reference, reference)
                .query(row)
                .optional()
                .orElseThrow(() -> new FaultException(new Refusal.NotFound(what, reference)));
    }

    /// @param limit null for the usual one
    /// @param after the name that the page before ended with, empty for the first
    public <V> Page<V> page(
            Caller caller,
            @Nullable Integer limit,
            String after,
            Function<T, V> view,
            Function<V, String> name) {
        return Page.of(limit, size -> list(caller, after, size), view, name);
    }

    private List<T> list(Caller caller, String after, int size) {
        return sql.sql(
                        select
                                + " where %1$s.tenant = ? and %1$s.name > ? order by %1$s.name limit ?"
                                        .formatted(table))
                .params(caller.tenant(), after, size)
                .query(row)
                .list();
    }
}
