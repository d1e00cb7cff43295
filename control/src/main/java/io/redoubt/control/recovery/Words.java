// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.database.RandomId;
import io.redoubt.control.database.Rows;
import io.redoubt.control.identity.Caller;
import io.redoubt.protocol.WithoutControl;
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
        RECEIVER_LOST("receiver-lost"),
        /// The control plane before this one is off, or there was none when somebody decided at a node.
        CONTROL_OFF("control-off");

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
        insert(group.tenant(), group.id(), failover, about, word, caller.role(), Instant.now());
    }

    private void insert(
            String tenant,
            String group,
            String failover,
            About about,
            String word,
            String by,
            Instant at) {
        sql.sql(
                        "insert into spoken_word (id, tenant, group_id, failover, about, word, said_by, said_at) values (?, ?, nullif(?, ''), nullif(?, ''), ?, ?, ?, ?)")
                .params(
                        RandomId.next(),
                        tenant,
                        group,
                        failover,
                        about.word,
                        word,
                        by,
                        Rows.timestamp(at))
                .update();
    }

    /// About the whole region.
    void say(Caller caller, String word) {
        insert(caller.tenant(), "", "", About.CONTROL_OFF, word, caller.role(), Instant.now());
    }

    /// What was said at the receiver's node, when there was no control plane to say it to.
    void record(Group group, String failover, WithoutControl said) {
        Instant at = Instant.ofEpochMilli(said.getAtMillis());
        String by = "at node " + group.receiverNode();
        insert(
                group.tenant(),
                group.id(),
                failover,
                About.CONTROL_OFF,
                said.getControlIsOff(),
                by,
                at);
        if (!said.getSourceIsOff().isEmpty()) {
            insert(
                    group.tenant(),
                    group.id(),
                    failover,
                    About.SOURCE_OFF,
                    said.getSourceIsOff(),
                    by,
                    at);
        }
    }

    /// Whether the receiver is called lost, and was not heard since.
    boolean receiverLost(String group) {
        return sql.sql(
                        "select exists (select from spoken_word join protection_group on protection_group.id = spoken_word.group_id"
                                + " where group_id = ? and about = ? and (receiver_seen_at is null or receiver_seen_at < said_at))")
                .params(group, About.RECEIVER_LOST.word)
                .query(Boolean.class)
                .single();
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
