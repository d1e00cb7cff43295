// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.database.Rows;
import io.redoubt.control.gateway.NodeListener;
import io.redoubt.control.gateway.Nodes;
import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.ListPoints;
import io.redoubt.protocol.ReceiverReport;
import io.redoubt.protocol.Report;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/// What the receivers keep, known here too: so that the truth about the newest point does not depend on anybody being up.
@Component
class Points implements NodeListener {
    private static final Logger LOG = LoggerFactory.getLogger(Points.class);

    /// Points fetched at once when reports have a gap before them.
    private static final int CATCH_UP = 1000;

    private final JdbcClient sql;
    private final Nodes nodes;
    private final Map<String, Seen> seen = new ConcurrentHashMap<>();

    Points(JdbcClient sql, Nodes nodes) {
        this.sql = sql;
        this.nodes = nodes;
    }

    /// What the last report said; the same again costs nothing.
    private record Seen(long newest, long oldest, int count) {}

    Optional<Point> newest(String group) {
        return sql.sql(
                        "select * from recovery_point where group_id = ? order by number desc limit 1")
                .param(group)
                .query(Points::point)
                .optional();
    }

    Optional<Point> find(String group, long number) {
        return sql.sql("select * from recovery_point where group_id = ? and number = ?")
                .params(group, number)
                .query(Points::point)
                .optional();
    }

    /// Newest first, older than the given number.
    List<Point> list(String group, long before, int limit) {
        return sql.sql(
                        "select * from recovery_point where group_id = ? and number < ? order by number desc limit ?")
                .params(group, before, limit)
                .query(Points::point)
                .list();
    }

    /// @throws FaultException with [RecoveryFault.NoSuchPoint], which says what there is
    Point require(Group group, long number) {
        return find(group.id(), number).orElseThrow(() -> none(group, number));
    }

    /// @throws FaultException with [RecoveryFault.NoSuchPoint]
    Point requireNewest(Group group) {
        return newest(group.id()).orElseThrow(() -> none(group, 0));
    }

    void forget(String group, long number) {
        sql.sql("delete from recovery_point where group_id = ? and number = ?")
                .params(group, number)
                .update();
        seen.remove(group);
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

    @Override
    public void report(String node, Report report) {
        for (ReceiverReport receiver : report.getReceiversList()) {
            int ours =
                    sql.sql(
                                    "update protection_group set receiver_seen_at = now() where id = ? and receiver_node = ?")
                            .params(receiver.getGroup(), node)
                            .update();
            if (ours == 1) {
                take(node, receiver);
            }
        }
    }

    /// Within the reported window the report is the truth; below it only what is older than the oldest is dropped.
    private void take(String node, ReceiverReport report) {
        String group = report.getGroup();
        List<io.redoubt.protocol.Point> points = report.getPointsList();
        var now =
                new Seen(
                        points.isEmpty() ? 0 : points.getFirst().getNumber(),
                        report.getOldestPoint(),
                        points.size());
        if (now.equals(seen.get(group))) {
            return;
        }
        long low = points.isEmpty() ? Long.MAX_VALUE : points.getLast().getNumber();
        long known = newest(group).map(Point::number).orElse(report.getOldestPoint() - 1);
        if (!points.isEmpty() && known + 1 < low) {
            catchUp(node, group, known);
        }
        replaceFrom(group, low, points);
        sql.sql("delete from recovery_point where group_id = ? and number < ?")
                .params(
                        group,
                        report.getOldestPoint() == 0 ? Long.MAX_VALUE : report.getOldestPoint())
                .update();
        seen.put(group, now);
    }

    private void replaceFrom(String group, long low, List<io.redoubt.protocol.Point> points) {
        Set<Long> known =
                new HashSet<>(
                        sql.sql(
                                        "select number from recovery_point where group_id = ? and number >= ?")
                                .params(group, low)
                                .query(Long.class)
                                .list());
        for (io.redoubt.protocol.Point point : points) {
            if (!known.remove(point.getNumber())) {
                insert(group, point);
            }
        }
        known.forEach(gone ->
                sql.sql("delete from recovery_point where group_id = ? and number = ?")
                        .params(group, gone)
                        .update());
    }

    /// We were away for longer than a report reaches back.
    private void catchUp(String node, String group, long after) {
        try {
            nodes.ask(
                            node,
                            Command.newBuilder()
                                    .setListPoints(
                                            ListPoints.newBuilder()
                                                    .setGroup(group)
                                                    .setAfter(after)
                                                    .setLimit(CATCH_UP)),
                            Nodes.SOON)
                    .getPointsListed()
                    .getPointsList()
                    .forEach(point -> insert(group, point));
        } catch (FaultException e) {
            LOG.warn(
                    "the points of group {} after {} are not known yet: {}",
                    group,
                    after,
                    e.getMessage());
        }
    }

    private void insert(String group, io.redoubt.protocol.Point point) {
        sql.sql(
                        "insert into recovery_point (group_id, number, stamp, tag, published_at) values (?, ?, ?, ?, ?) on conflict do nothing")
                .params(
                        group,
                        point.getNumber(),
                        Rows.timestamp(point.getStampMillis()),
                        point.getTag(),
                        Rows.timestamp(point.getPublishedAtMillis()))
                .update();
    }

    private static Point point(ResultSet row, int ignored) throws SQLException {
        return new Point(
                row.getLong("number"),
                Rows.requireInstant(row, "stamp"),
                row.getString("tag"),
                Rows.requireInstant(row, "published_at"));
    }
}
