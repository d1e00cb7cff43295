// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.database.Rows;
import java.time.Instant;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/// What a planned move knows beside what every failover knows: how its machines came to their end, and its own last point.
///
/// Until [#decide] it is only a wish: the group's term is what it was, and its source goes on acknowledging.
@Component
class Moves {
    private final JdbcClient sql;
    private final TransactionTemplate transactions;
    private final Groups groups;
    private final Failovers failovers;

    Moves(JdbcClient sql, TransactionTemplate transactions, Groups groups, Failovers failovers) {
        this.sql = sql;
        this.transactions = transactions;
        this.groups = groups;
        this.failovers = failovers;
    }

    /// The first word counts: one that is asked again is off.
    void stopped(String id, String machine, Failover.Stop how) {
        sql.sql(
                        "update failover_machine set stopped = coalesce(stopped, ?) where failover = ? and machine = ?")
                .params(how.word(), id, machine)
                .update();
    }

    /// The point to go to is known from here on.
    void drained(String id, Point point) {
        sql.sql(
                        "update failover set point = ?, point_stamp = ?, point_tag = ?, point_published = ?, drained_at = coalesce(drained_at, ?) where id = ?")
                .params(
                        point.number(),
                        Rows.timestamp(point.stamp()),
                        point.tag(),
                        Rows.timestamp(point.publishedAt()),
                        Rows.timestamp(Instant.now()),
                        id)
                .update();
    }

    /// The decision: the role term rises. The same again changes nothing.
    ///
    /// @return its term
    long decide(String id) {
        return Optional.ofNullable(
                        transactions.execute(_ -> {
                            Failover failover = failovers.find(id).orElseThrow();
                            Group group = groups.lock(failover.group());
                            if (group.stopped() && group.term() == failover.term()) {
                                return group.term();
                            }
                            long term = group.term() + 1;
                            groups.decide(group.id(), term);
                            sql.sql("update failover set term = ? where id = ?")
                                    .params(term, id)
                                    .update();
                            return term;
                        }))
                .orElseThrow();
    }

    void nothingLost(String id) {
        sql.sql("update failover set nothing_lost = true where id = ?").param(id).update();
    }
}
