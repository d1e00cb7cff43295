// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.gateway.Mark;
import io.redoubt.protocol.Hello;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;

/// The number of this start of the control plane, and a random mark beside it. It stands in the database and in a file outside of it; where
/// the two differ the database was restored from a backup, or a start died half-way, and roles must be heard from the receivers before
/// anything is granted.
///
/// Nodes obey the highest number that they met. One that obeys a higher one, or another start with the same, tells that a database older than
/// that start is served here, or that another control plane runs: no number can say which, so a person does ([#takeOver]).
final class Incarnation {
    private static final String SETTING = "incarnation";

    private final JdbcClient sql;
    private final Path file;
    private final String life = UUID.randomUUID().toString();
    private volatile long number;
    private volatile boolean restored;
    private volatile long highestMet;

    Incarnation(JdbcClient sql, Path file, long number, boolean restored) {
        this.sql = sql;
        this.file = file;
        this.number = number;
        this.restored = restored;
    }

    static Incarnation next(JdbcClient sql, Path file) throws IOException {
        long outside = Files.exists(file) ? Long.parseLong(Files.readString(file).strip()) : 0;
        long inside =
                sql.sql("select value from setting where name = ?")
                        .param(SETTING)
                        .query(String.class)
                        .optional()
                        .map(Long::parseLong)
                        .orElse(0L);
        var next = new Incarnation(sql, file, Math.max(outside, inside) + 1, outside != inside);
        next.store();
        return next;
    }

    private void store() throws IOException {
        sql.sql(
                        "insert into setting (name, value) values (?, ?) on conflict (name) do update set value = excluded.value")
                .params(SETTING, Long.toString(number))
                .update();
        Path half = file.resolveSibling(file.getFileName() + ".half");
        Files.writeString(half, Long.toString(number));
        Files.move(half, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    Mark mark() {
        return new Mark(number, life);
    }

    /// Whether file and database differed, or a person said that the one before is over.
    boolean restored() {
        return restored;
    }

    /// Notes whom a node obeys.
    ///
    /// @return whether it will obey this start
    boolean isObeyedBy(Hello hello) {
        long bound = hello.getBoundIncarnation();
        boolean obeyed = bound < number || (bound == number && hello.getBoundLife().equals(life));
        if (!obeyed) {
            synchronized (this) {
                highestMet = Math.max(highestMet, bound);
            }
        }
        return obeyed;
    }

    /// Whether some node obeys another control plane than this one.
    boolean isRivalled() {
        return highestMet >= number;
    }

    /// From here on this start has a number above every one that was met. Roles must be heard again before anything is granted.
    synchronized void takeOver() {
        restored = true;
        number = Math.max(number, highestMet) + 1;
        try {
            store();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
