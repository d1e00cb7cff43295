// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.protocol.FreezeFailure;
import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
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
    /// @param proof        of frozen guests, null when nobody knows whether they were frozen for this cut
    record Order(
            String name,
            boolean isProtected,
            String takenBy,
            int freezeMillis,
            long number,
            @Nullable Proof proof) {}

    /// What the nodes said when they thawed, after the cut was made.
    ///
    /// @param failures none when all guests were frozen for it
    /// @param volumes  of their machines
    record Proof(List<FreezeFailure> failures, List<String> volumes) {}

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
                                row.getLong("number"),
                                proof(row)))
                .optional();
    }

    Order require(String id) {
        return find(id).orElseThrow();
    }

    private static @Nullable Proof proof(ResultSet row) throws SQLException {
        Array failed = row.getArray("thaw_failures");
        return failed == null
                ? null
                : new Proof(
                        FreezeReasons.told((String[]) failed.getArray()),
                        List.of((String[]) row.getArray("frozen_volumes").getArray()));
    }

    /// A cut of which nobody knows whether guests were frozen for it.
    void cut(String id, long number) {
        sql.sql("update point_order set number = ?, thaw_failures = null where id = ?")
                .params(number, id)
                .update();
    }

    /// The cut and its proof in one stroke, so that no proof is ever of another cut.
    void cut(String id, long number, Proof proof) {
        sql.sql(
                        "update point_order set number = ?, thaw_failures = ?, frozen_volumes = ? where id = ?")
                .params(
                        number,
                        FreezeReasons.kept(proof.failures()),
                        proof.volumes().toArray(String[]::new),
                        id)
                .update();
    }

    /// Guests are about to be frozen for it.
    ///
    /// @return how often that was so, with this time
    int freezes(String id) {
        return sql.sql(
                        "update point_order set freezes = freezes + 1 where id = ? returning freezes")
                .param(id)
                .query(Integer.class)
                .single();
    }

    void forget(String id) {
        sql.sql("delete from point_order where id = ?").param(id).update();
    }
}
