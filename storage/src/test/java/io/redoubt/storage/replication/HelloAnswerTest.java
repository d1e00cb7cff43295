// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import static io.redoubt.storage.replication.HelloAnswer.FULL;
import static io.redoubt.storage.replication.HelloAnswer.HASH;
import static io.redoubt.storage.replication.HelloAnswer.PASS;
import static io.redoubt.storage.replication.HelloAnswer.REFUSE;
import static io.redoubt.storage.replication.HelloAnswer.RESUME;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;

/// I13: the answer to a hello is a table, and the code is that table.
class HelloAnswerTest {
    private static final int NUMBERS = 6;

    /// Where the log ends, seen from the source.
    private enum Log {
        /// It knows numbers that the source never gave.
        AHEAD,
        /// It ends within what the spool has.
        WITHIN,
        /// The spool begins after its end.
        BEHIND
    }

    /// What the log knows of what it holds.
    private enum Known {
        WHAT_DIFFERS,
        NOTHING,
        SOMETHING_UNKNOWN
    }

    private record Row(Log log, Known known, boolean debt, HelloAnswer answer) {}

    private static final List<Row> TABLE =
            List.of(
                    new Row(Log.AHEAD, Known.WHAT_DIFFERS, false, REFUSE),
                    new Row(Log.AHEAD, Known.WHAT_DIFFERS, true, REFUSE),
                    new Row(Log.AHEAD, Known.NOTHING, true, REFUSE),
                    new Row(Log.AHEAD, Known.SOMETHING_UNKNOWN, false, REFUSE),
                    new Row(Log.AHEAD, Known.SOMETHING_UNKNOWN, true, REFUSE),
                    new Row(Log.WITHIN, Known.WHAT_DIFFERS, false, RESUME),
                    new Row(Log.WITHIN, Known.WHAT_DIFFERS, true, PASS),
                    new Row(Log.WITHIN, Known.NOTHING, true, FULL),
                    new Row(Log.WITHIN, Known.SOMETHING_UNKNOWN, false, HASH),
                    new Row(Log.WITHIN, Known.SOMETHING_UNKNOWN, true, HASH),
                    new Row(Log.BEHIND, Known.WHAT_DIFFERS, false, PASS),
                    new Row(Log.BEHIND, Known.WHAT_DIFFERS, true, PASS),
                    new Row(Log.BEHIND, Known.NOTHING, true, FULL),
                    new Row(Log.BEHIND, Known.SOMETHING_UNKNOWN, false, HASH),
                    new Row(Log.BEHIND, Known.SOMETHING_UNKNOWN, true, HASH));

    @Test
    void every_hello_of_small_numbers_is_answered_as_the_table_says() {
        var given = EnumSet.noneOf(HelloAnswer.class);
        for (long last = 0; last < NUMBERS; last++) {
            for (long freed = 0; freed <= last; freed++) {
                for (long through = 0; through < NUMBERS; through++) {
                    Log log =
                            through > last ? Log.AHEAD : through < freed ? Log.BEHIND : Log.WITHIN;
                    for (Row row : TABLE) {
                        if (row.log == log) {
                            HelloAnswer answer =
                                    HelloAnswer.decide(
                                            through,
                                            freed,
                                            last,
                                            row.known != Known.WHAT_DIFFERS,
                                            row.known == Known.NOTHING,
                                            row.debt);
                            assertThat(answer)
                                    .as(
                                            "through %d, freed %d, last %d, %s",
                                            through, freed, last, row)
                                    .isEqualTo(row.answer);
                            given.add(answer);
                        }
                    }
                }
            }
        }
        assertThat(given).containsExactlyInAnyOrderElementsOf(Arrays.asList(HelloAnswer.values()));
    }
}
