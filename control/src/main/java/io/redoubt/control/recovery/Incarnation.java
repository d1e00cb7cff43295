// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.springframework.jdbc.core.simple.JdbcClient;

/// The number of this start of the control plane. It stands in the database and in a file outside of it; where the two differ the
/// database was restored from a backup, or a start died half-way, and roles must be heard from the receivers before anything is granted.
///
/// @param number   above every number before
/// @param restored whether file and database differed
record Incarnation(long number, boolean restored) {
    private static final String SETTING = "incarnation";

    static Incarnation next(JdbcClient sql, Path file) throws IOException {
        long outside = Files.exists(file) ? Long.parseLong(Files.readString(file).strip()) : 0;
        long inside =
                sql.sql("select value from setting where name = ?")
                        .param(SETTING)
                        .query(String.class)
                        .optional()
                        .map(Long::parseLong)
                        .orElse(0L);
        long next = Math.max(outside, inside) + 1;
        sql.sql(
                        "insert into setting (name, value) values (?, ?) on conflict (name) do update set value = excluded.value")
                .params(SETTING, Long.toString(next))
                .update();
        Path half = file.resolveSibling(file.getFileName() + ".half");
        Files.writeString(half, Long.toString(next));
        Files.move(half, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        return new Incarnation(next, outside != inside);
    }
}
