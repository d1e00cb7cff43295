// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/// The points that were asked for and are on their way.
@Component
class PointOrders {
    private final JdbcClient sql;

    PointOrders(JdbcClient sql) {
        this.sql = sql;
    }

    /// @param name         empty for none
    /// @param isProtected  it is to be protected
    /// @param takenBy      the role that asked
    /// @param freezeMillis how long the guests' file systems may take to freeze, 0 when they are left alone
    /// @param number       of the cut, 0 until it is made
    record Order(String name, boolean isProtected, String takenBy, int freezeMillis, long number) {}

    void add(String id, String group, Order order) {
        sql.sql(
                        "insert into point_order (id, group_id, name, protected, taken_by, freeze_millis) values (?, ?, ?, ?, ?, ?)")
                .params(
                        id,
                        group,
                        order.name(),
                        order.isProtected(),
                        order.takenBy(),
                        order.freezeMillis())
                .update();
    }

    Optional<Order> find(String id) {
        return sql.sql("select * from point_order where id = ?")
                .param(id)
                .query((row, _) ->
                        new Order(
                                row.getString("name"),
                                row.getBoolean("protected"),
                                row.getString("taken_by"),
                                row.getInt("freeze_millis"),
                                row.getLong("number")))
                .optional();
    }

    Order require(String id) {
        return find(id).orElseThrow();
    }

    void cut(String id, long number) {
        sql.sql("update point_order set number = ? where id = ?").params(number, id).update();
    }

    void forget(String id) {
        sql.sql("delete from point_order where id = ?").param(id).update();
    }
}
