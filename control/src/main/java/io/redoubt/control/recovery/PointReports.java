// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.database.Rows;
import io.redoubt.control.gateway.NodeListener;
import io.redoubt.control.gateway.Nodes;
import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.ListPoints;
import io.redoubt.protocol.PointPin;
import io.redoubt.protocol.ReceiverReport;
import io.redoubt.protocol.Report;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.RowCallbackHandler;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/// Keeps the table of points what the receivers say that it is: no point more, no point fewer, each with its protection and its pins (I25).
///
/// A report names the newest points, and says how many there are and what their numbers add up to. Where ours do not, because we were
/// away or the ladder thinned out old ones, all are asked for.
@Component
class PointReports implements NodeListener {
    private static final Logger LOG = LoggerFactory.getLogger(PointReports.class);

    /// Points asked for at once.
    private static final int PART = 1000;

    private final JdbcClient sql;
    private final Nodes nodes;
    private final Points points;
    private final Map<String, ReceiverReport> taken = new ConcurrentHashMap<>();

    PointReports(JdbcClient sql, Nodes nodes, Points points) {
        this.points = points;
        this.sql = sql;
        this.nodes = nodes;
    }

    /// How many and which, in two numbers.
    private record Sum(long count, long numbers) {}

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

    /// The same again costs nothing.
    private void take(String node, ReceiverReport report) {
        String group = report.getGroup();
        ReceiverReport now = aboutPoints(report);
        if (now.equals(taken.get(group))) {
            return;
        }
        List<io.redoubt.protocol.Point> points = report.getPointsList();
        long low = points.isEmpty() ? 0 : points.getLast().getNumber();
        sql.sql("delete from recovery_point where group_id = ? and number < ?")
                .params(group, report.getOldestPoint())
                .update();
        // The old ones first: whoever sees the newest sees all before it.
        boolean whole = olderOnes(group, low).equals(older(report)) || fetchAll(node, group);
        replace(group, low - 1, Long.MAX_VALUE, points);
        protect(group, report.getProtectedPointsList());
        pin(group, report.getPinsList());
        branch(group, report.getCommittedPoint());
        if (whole) {
            taken.put(group, now);
        }
    }

    private static ReceiverReport aboutPoints(ReceiverReport report) {
        return ReceiverReport.newBuilder()
                .addAllPoints(report.getPointsList())
                .setOldestPoint(report.getOldestPoint())
                .setPointsKept(report.getPointsKept())
                .setPointsSum(report.getPointsSum())
                .addAllProtectedPoints(report.getProtectedPointsList())
                .addAllPins(report.getPinsList())
                .setCommittedPoint(report.getCommittedPoint())
                .build();
    }

    private Sum olderOnes(String group, long low) {
        return sql.sql(
                        "select count(*), coalesce(sum(number), 0)::bigint from recovery_point where group_id = ? and number < ?")
                .params(group, low)
                .query((row, _) -> new Sum(row.getLong(1), row.getLong(2)))
                .single();
    }

    /// Of the points that the report does not name.
    private static Sum older(ReceiverReport report) {
        long named =
                report.getPointsList().stream()
                        .mapToLong(io.redoubt.protocol.Point::getNumber)
                        .sum();
        return new Sum(
                report.getPointsKept() - report.getPointsCount(), report.getPointsSum() - named);
    }

    /// @return whether the receiver answered
    private boolean fetchAll(String node, String group) {
        try {
            long after = 0;
            while (true) {
                List<io.redoubt.protocol.Point> part = fetch(node, group, after, PART);
                boolean last = part.size() < PART;
                // Above what the last part has there is only what the report told since.
                long through = part.isEmpty() ? after : part.getLast().getNumber();
                replace(group, after, through, part);
                if (last) {
                    return true;
                }
                after = through;
            }
        } catch (FaultException e) {
            LOG.warn("the points of group {} are not all known yet: {}", group, e.getMessage());
            return false;
        }
    }

    /// The last write of each volume that a point holds, as the receiver knows it now; empty when it does not answer.
    Optional<List<RecoveryPointView.LastWrite>> writes(Group group, long number) {
        try {
            return fetch(group.receiverNode(), group.id(), number - 1, 1).stream()
                    .filter(point -> point.getNumber() == number)
                    .findFirst()
                    .map(point ->
                            point.getVseqsMap().entrySet().stream()
                                    .sorted(Map.Entry.comparingByKey())
                                    .map(each ->
                                            new RecoveryPointView.LastWrite(
                                                    each.getKey(), each.getValue()))
                                    .toList());
        } catch (FaultException e) {
            LOG.info(
                    "the writes of point {} of {} are not known now: {}",
                    number,
                    group.id(),
                    e.getMessage());
            return Optional.empty();
        }
    }

    private List<io.redoubt.protocol.Point> fetch(
            String node, String group, long after, int limit) {
        return nodes.ask(
                        node,
                        Command.newBuilder()
                                .setListPoints(
                                        ListPoints.newBuilder()
                                                .setGroup(group)
                                                .setAfter(after)
                                                .setLimit(limit)),
                        Nodes.SOON)
                .getPointsListed()
                .getPointsList();
    }

    /// What the receiver says is the truth for all numbers above the one and up to the other. Each row is seen at once, so they come
    /// in their order, whatever order they are told in.
    private void replace(
            String group, long above, long through, List<io.redoubt.protocol.Point> points) {
        var known = new HashMap<Long, List<String>>();
        sql.sql(
                        "select number, array_prepend(consistency, freeze_failures) as said from recovery_point where group_id = ? and number > ? and number <= ?")
                .params(group, above, through)
                .query(
                        (RowCallbackHandler)
                                row ->
                                        known.put(
                                                row.getLong("number"),
                                                List.of(
                                                        (String[])
                                                                row.getArray("said").getArray())));
        List<io.redoubt.protocol.Point> oldestFirst =
                points.stream()
                        .sorted(Comparator.comparingLong(io.redoubt.protocol.Point::getNumber))
                        .toList();
        for (io.redoubt.protocol.Point point : oldestFirst) {
            List<String> said = known.remove(point.getNumber());
            if (said == null) {
                insert(group, point);
            } else if (!said.equals(saidOf(point))) {
                this.points.label(group, point); // it became known after the cut
            }
        }
        sql.sql("delete from recovery_point where group_id = ? and number = any(?)")
                .params(group, known.keySet().toArray(Long[]::new))
                .update();
    }

    private static List<String> saidOf(io.redoubt.protocol.Point point) {
        var said = new ArrayList<String>();
        said.add(Points.consistency(point));
        said.addAll(List.of(FreezeReasons.kept(point.getFreezeFailuresList())));
        return said;
    }

    private void insert(String group, io.redoubt.protocol.Point point) {
        sql.sql(
                        "insert into recovery_point (group_id, number, stamp, tag, published_at, name, after_sync, consistency, taken_by, freeze_failures, order_id)"
                                + " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing")
                .params(
                        group,
                        point.getNumber(),
                        Rows.timestamp(point.getStampMillis()),
                        point.getTag(),
                        Rows.timestamp(point.getPublishedAtMillis()),
                        point.getName(),
                        point.getAfterSync(),
                        Points.consistency(point),
                        point.getTakenBy(),
                        FreezeReasons.kept(point.getFreezeFailuresList()),
                        point.getOrder())
                .update();
    }

    private void protect(String group, List<Long> numbers) {
        Long[] all = numbers.toArray(Long[]::new);
        sql.sql(
                        "update recovery_point set protected = not protected where group_id = ? and protected <> (number = any(?))")
                .params(group, all)
                .update();
    }

    private void branch(String group, long committed) {
        sql.sql(
                        "update recovery_point set branch = not branch where group_id = :group and branch <> (:point > 0 and number > :point)")
                .param("group", group)
                .param("point", committed)
                .update();
    }

    private void pin(String group, List<PointPin> pins) {
        var owners = new HashMap<Long, Set<String>>();
        pins.forEach(pin ->
                owners.computeIfAbsent(pin.getPoint(), _ -> new TreeSet<>()).add(pin.getOwner()));
        sql.sql(
                        "update recovery_point set pinned_by = '{}' where group_id = ? and pinned_by <> '{}' and number <> all(?)")
                .params(group, owners.keySet().toArray(Long[]::new))
                .update();
        owners.forEach((point, by) ->
                sql.sql("update recovery_point set pinned_by = ? where group_id = ? and number = ?")
                        .params(by.toArray(String[]::new), group, point)
                        .update());
    }
}
