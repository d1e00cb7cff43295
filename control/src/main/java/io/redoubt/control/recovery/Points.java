// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.database.Rows;
import io.redoubt.core.fault.FaultException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/// What the receivers keep, known here too: so that the truth about the newest point does not depend on anybody being up. [PointReports]
/// keeps it true.
@Component
class Points {
    private final JdbcClient sql;

    Points(JdbcClient sql) {
        this.sql = sql;
    }

    Optional<Point> newest(String group) {
        return sql.sql(
                        "select * from recovery_point where group_id = ? and not branch order by number desc limit 1")
                .param(group)
                .query(Points::point)
                .optional();
    }

    Optional<Point> find(String group, long number) {
        return findKept(group, number).map(KeptPoint::point);
    }

    Optional<KeptPoint> findKept(String group, long number) {
        return sql.sql("select * from recovery_point where group_id = ? and number = ?")
                .params(group, number)
                .query(Points::kept)
                .optional();
    }

    /// The point that was cut for a wish; there is one at most.
    Optional<Long> ofOrder(String group, String order) {
        return sql.sql("select number from recovery_point where group_id = ? and order_id = ?")
                .params(group, order)
                .query(Long.class)
                .optional();
    }

    /// As its receiver says it now; the next report says the same.
    void label(String group, io.redoubt.protocol.Point point) {
        sql.sql(
                        "update recovery_point set consistency = ?, freeze_failures = ? where group_id = ? and number = ?")
                .params(
                        consistency(point),
                        FreezeReasons.kept(point.getFreezeFailuresList()),
                        group,
                        point.getNumber())
                .update();
    }

    static String consistency(io.redoubt.protocol.Point point) {
        return point.getApplicationConsistent() ? "application" : "crash";
    }

    /// Newest first, older than the given number.
    List<KeptPoint> list(String group, long before, int limit) {
        return sql.sql(
                        "select * from recovery_point where group_id = ? and number < ? order by number desc limit ?")
                .params(group, before, limit)
                .query(Points::kept)
                .list();
    }

    /// Lowest first.
    List<Long> protectedOnes(String group) {
        return sql.sql(
                        "select number from recovery_point where group_id = ? and protected order by number")
                .param(group)
                .query(Long.class)
                .list();
    }

    /// @throws FaultException with [RecoveryFault.NoSuchPoint], which says what there is
    Point require(Group group, long number) {
        return requireKept(group, number).point();
    }

    /// @throws FaultException with [RecoveryFault.NoSuchPoint], which says what there is
    KeptPoint requireKept(Group group, long number) {
        return findKept(group.id(), number).orElseThrow(() -> none(group, number));
    }

    /// @throws FaultException with [RecoveryFault.NoSuchPoint]
    Point requireNewest(Group group) {
        return newest(group.id()).orElseThrow(() -> none(group, 0));
    }

    void protect(String group, long number, boolean on) {
        sql.sql("update recovery_point set protected = ? where group_id = ? and number = ?")
                .params(on, group, number)
                .update();
    }

    void forget(String group, long number) {
        sql.sql("delete from recovery_point where group_id = ? and number = ?")
                .params(group, number)
                .update();
    }

    private FaultException none(Group group, long number) {
        long newest = newest(group.id()).map(Point::number).orElse(0L);
        long oldest =
                sql.sql("select coalesce(min(number), 0) from recovery_point where group_id = ?")
                        .param(group.id())
                        .query(Long.class)
                        .single();
        return new FaultException(
                new RecoveryFault.NoSuchPoint(group.name(), number, oldest, newest));
    }

    private static Point point(ResultSet row, int ignored) throws SQLException {
        return new Point(
                row.getLong("number"),
                Rows.requireInstant(row, "stamp"),
                row.getString("tag"),
                Rows.requireInstant(row, "published_at"));
    }

    private static KeptPoint kept(ResultSet row, int number) throws SQLException {
        return new KeptPoint(
                point(row, number),
                Rows.filled(row, "name"),
                row.getBoolean("after_sync"),
                row.getBoolean("branch"),
                row.getBoolean("protected"),
                List.of((String[]) row.getArray("pinned_by").getArray()),
                KeptPoint.Consistency.valueOf(
                        row.getString("consistency").toUpperCase(Locale.ROOT)),
                Rows.filled(row, "taken_by"),
                FreezeReasons.told((String[]) row.getArray("freeze_failures").getArray()).stream()
                        .map(each ->
                                new KeptPoint.FreezeFailure(each.getMachine(), each.getReason()))
                        .toList());
    }
}
