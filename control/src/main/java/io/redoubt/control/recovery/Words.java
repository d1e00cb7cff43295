// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.database.RandomId;
import io.redoubt.control.database.Rows;
import io.redoubt.control.identity.Caller;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/// What persons gave their word for where no machine can know it (rules 3 and 4): recorded before it is acted on, and kept.
@Component
class Words {
    private static final int LENGTH_MIN = 10;
    private static final int LENGTH_MAX = 2000;

    private final JdbcClient sql;

    Words(JdbcClient sql) {
        this.sql = sql;
    }

    /// What a word is about.
    enum About {
        /// The sources that did not answer are off, and stay off until the control plane was heard.
        SOURCE_OFF("source-off"),
        /// The receiver is lost with its journal, and was not promoted.
        RECEIVER_LOST("receiver-lost");

        private final String word;

        About(String word) {
            this.word = word;
        }
    }

    /// @param saidBy the role of the token
    record Word(
            String about, String word, String saidBy, Instant saidAt, @Nullable String failover) {}

    /// Somebody who reads it later must learn what was looked at.
    ///
    /// @throws IllegalArgumentException for a word that says nothing
    static String require(String option, String word) {
        String text = word.strip();
        if (text.length() < LENGTH_MIN || text.length() > LENGTH_MAX) {
            throw new IllegalArgumentException(
                    "%s says in %d to %d characters what was seen and by whom; it is recorded"
                            .formatted(option, LENGTH_MIN, LENGTH_MAX));
        }
        return text;
    }

    /// @param failover that it was given for, "" for none
    void say(Caller caller, Group group, String failover, About about, String word) {
        sql.sql(
                        "insert into spoken_word (id, tenant, group_id, failover, about, word, said_by) values (?, ?, ?, nullif(?, ''), ?, ?, ?)")
                .params(
                        RandomId.next(),
                        group.tenant(),
                        group.id(),
                        failover,
                        about.word,
                        word,
                        caller.role())
                .update();
    }

    boolean said(String failover, About about) {
        return sql.sql("select exists (select from spoken_word where failover = ? and about = ?)")
                .params(failover, about.word)
                .query(Boolean.class)
                .single();
    }

    /// Oldest first.
    List<Word> of(String group) {
        return sql.sql("select * from spoken_word where group_id = ? order by said_at, id")
                .param(group)
                .query((row, _) ->
                        new Word(
                                row.getString("about"),
                                row.getString("word"),
                                row.getString("said_by"),
                                Rows.requireInstant(row, "said_at"),
                                row.getString("failover")))
                .list();
    }
}
