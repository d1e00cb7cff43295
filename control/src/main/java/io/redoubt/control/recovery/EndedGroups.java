// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.gateway.NodeFault;
import io.redoubt.control.gateway.NodeListener;
import io.redoubt.control.gateway.Nodes;
import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.ReceiverReport;
import io.redoubt.protocol.Report;
import io.redoubt.protocol.SourceReport;
import io.redoubt.protocol.Unprotect;
import io.redoubt.workflow.RetryLater;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/// The groups that are over, and the nodes that have to hear of it, also those that were away: one that does not hear it holds the writes of
/// its guests for ever, because nobody grants it anything any more.
///
/// A receiver is told last: while a source of the group has not been told, it is the one that still grants.
///
/// A node that left a group which goes on may come back, and this database may be older than its return. So it is told which members it is no part
/// of, and lets go only while it knows of none later (ADR 34); who is a member again is shown to the operator and left alone.
@Component
class EndedGroups implements NodeListener {
    private static final Logger LOG = LoggerFactory.getLogger(EndedGroups.class);

    /// What a source answers that was told of later members.
    private static final String MEMBER_AGAIN = "member-again";

    private static final Duration AGAIN = Duration.ofSeconds(1);

    private final JdbcClient sql;
    private final Nodes nodes;
    private final Set<String> busy = ConcurrentHashMap.newKeySet();
    private final Set<Returned> returned = ConcurrentHashMap.newKeySet();

    EndedGroups(JdbcClient sql, Nodes nodes) {
        this.sql = sql;
        this.nodes = nodes;
    }

    /// @param left the number of the first members without the node, 0 when the group itself is over
    private record Ended(String group, long term, long left) {}

    /// A source whose return to a group this database does not know.
    record Returned(String group, String node) {}

    /// From now on whoever is away is told when it comes back, and nobody waits for it.
    void remember(Group group) {
        for (Group.Source source : group.sources()) {
            remember(group, source.node(), false, 0, volumesAt(group, source.node()));
        }
        remember(group, group.receiverNode(), true, 0);
    }

    /// @param volumes that it held there. None, as after the group has gone over to the other side, means that it may have been any
    private void remember(
            Group group, String node, boolean receiver, long left, String... volumes) {
        sql.sql(
                        "insert into ended_group (group_id, node, receiver, term, left_membership, volumes) values (?, ?, ?, ?, ?, ?)"
                                + " on conflict (group_id, node) do update set left_membership = excluded.left_membership, volumes = excluded.volumes")
                .params(group.id(), node, receiver, group.term(), left)
                .param(volumes.length > 0 ? volumes : null)
                .update();
    }

    private static String[] volumesAt(Group group, String node) {
        return group.volumes().stream()
                .filter(volume -> volume.node().equals(node))
                .map(Group.Member::volume)
                .toArray(String[]::new);
    }

    private String[] leavingAt(String group, String node) {
        return sql.sql(
                        "select volume from group_volume join volume on volume.id = group_volume.volume"
                                + " where group_id = ? and volume.node = ? and standing = 'leaving'")
                .params(group, node)
                .query(String.class)
                .list()
                .toArray(String[]::new);
    }

    /// Tells all sources that are there, also when one is away.
    ///
    /// @throws RetryLater     while one of them is away, and is not remembered
    /// @throws FaultException when one refuses
    void endSources(Group group) {
        RetryLater missing = null;
        for (Group.Source source : group.sources()) {
            try {
                tell(source.node(), new Ended(group.id(), group.term(), 0));
            } catch (RetryLater e) {
                missing = isRemembered(group.id(), source.node()) ? missing : e;
            }
        }
        if (missing != null) {
            throw missing;
        }
    }

    /// A source of a group that goes on lets go of it.
    ///
    /// @throws RetryLater     while it is away; it is remembered, and told when it reports the group. Also when it has come back since: then the
    ///                        caller's view of the group is old
    /// @throws FaultException when it refuses
    void endAt(Group group, String node) {
        remember(group, node, false, group.membership(), leavingAt(group.id(), node));
        try {
            tell(node, new Ended(group.id(), group.term(), group.membership()));
        } catch (FaultException e) {
            if (isMemberAgain(e)) {
                throw new RetryLater(e.fault(), AGAIN);
            }
            throw e;
        }
    }

    /// As [#endAt], but nobody waits: whoever is away, or cannot do it now, is told when it reports the group.
    void endAtOrLater(Group group, String node) {
        try {
            endAt(group, node);
        } catch (FaultException | RetryLater e) {
            LOG.info(
                    "node {} lets go of group {} when it can be told: {}",
                    node,
                    group.id(),
                    e.getMessage());
        }
    }

    private static boolean isMemberAgain(FaultException refusal) {
        return refusal.fault() instanceof NodeFault.Refused refused
                && refused.code().equals(MEMBER_AGAIN);
    }

    /// Left for later while a source is remembered that has not been told.
    ///
    /// @throws RetryLater     while it is away, and is not remembered
    /// @throws FaultException when it refuses
    void endReceiver(Group group) {
        if (isWaitedFor(group.id())) {
            return;
        }
        try {
            tell(group.receiverNode(), new Ended(group.id(), group.term(), 0));
        } catch (RetryLater e) {
            if (!isRemembered(group.id(), group.receiverNode())) {
                throw e;
            }
        }
    }

    /// What a node has not been told yet, before it is told of another group with the same volumes. The end of a group with others is no
    /// matter of this one, however long it takes.
    ///
    /// @throws RetryLater     while it is away
    /// @throws FaultException when it refuses
    void settle(Group group, String node) {
        sql.sql(
                        "select group_id, term, left_membership from ended_group where node = ? and not receiver and told_at is null"
                                + " and (volumes is null or volumes && ?::text[])")
                .params(node, volumesAt(group, node))
                .query(EndedGroups::ended)
                .list()
                .forEach(ended -> tell(node, ended));
    }

    private static Ended ended(ResultSet row, int ignored) throws SQLException {
        return new Ended(
                row.getString("group_id"), row.getLong("term"), row.getLong("left_membership"));
    }

    private void tell(String node, Ended ended) {
        nodes.tell(node, unprotect(ended), Nodes.LONG);
        told(node, ended);
    }

    private static Command.Builder unprotect(Ended ended) {
        return Command.newBuilder()
                .setUnprotect(
                        Unprotect.newBuilder()
                                .setGroup(ended.group())
                                .setTerm(ended.term())
                                .setLeftMembership(ended.left()));
    }

    private void told(String node, Ended ended) {
        sql.sql("update ended_group set told_at = now() where group_id = ? and node = ?")
                .params(ended.group(), node)
                .update();
    }

    private boolean isRemembered(String group, String node) {
        return count("group_id = ? and node = ?", group, node) > 0;
    }

    private boolean isWaitedFor(String group) {
        return count("group_id = ? and not receiver and told_at is null", group) > 0;
    }

    private long count(String where, Object... values) {
        return sql.sql("select count(*) from ended_group where " + where)
                .params(values)
                .query(Long.class)
                .single();
    }

    /// Also one that confirmed it: an older word of ours may have been carried out late. And a source that has not, whether it reports the group or
    /// never heard of it: until it has confirmed, the receiver keeps its journal.
    @Override
    public void report(String node, Report report) {
        String[] reported =
                Stream.concat(
                                report.getSourcesList().stream().map(SourceReport::getGroup),
                                report.getReceiversList().stream().map(ReceiverReport::getGroup))
                        .toArray(String[]::new);
        Map<String, Long> memberships =
                report.getSourcesList().stream()
                        .collect(
                                Collectors.toMap(
                                        SourceReport::getGroup, SourceReport::getMembership));
        for (Ended ended : toTell(node, reported)) {
            var back = new Returned(ended.group(), node);
            if (ended.left() > 0
                    && Arrays.asList(reported).contains(ended.group())
                    && !isBefore(memberships.get(ended.group()), ended.left())) {
                if (memberships.containsKey(ended.group()) && returned.add(back)) {
                    LOG.error(
                            "node {} is a member of group {} again, and this database knows only that it left: it is left alone",
                            node,
                            ended.group());
                }
                continue;
            }
            returned.remove(back);
            String side = ended.group() + "/" + node;
            if (busy.add(side)) {
                Thread.ofVirtual().name("end-" + side).start(() -> end(node, ended, side));
            }
        }
    }

    private static boolean isBefore(@Nullable Long membership, long left) {
        return membership != null && membership < left;
    }

    /// Those that were heard since this process began.
    List<Returned> returned() {
        return returned.stream()
                .sorted(Comparator.comparing(Returned::group).thenComparing(Returned::node))
                .toList();
    }

    /// Those that still have a part in a group of the database are told by its operation, in its order.
    private List<Ended> toTell(String node, String[] reported) {
        return sql.sql(
                        "select group_id, term, left_membership from ended_group ended where node = ?"
                                + " and (group_id = any(?) or not receiver and told_at is null)"
                                + " and not exists (select from group_source where group_id = ended.group_id and node = ended.node and not leaving)"
                                + " and not exists (select from protection_group where id = ended.group_id and receiver_node = ended.node)"
                                + " and not (receiver and exists (select from ended_group source"
                                + " where source.group_id = ended.group_id and not source.receiver and source.told_at is null))")
                .params(node, reported)
                .query(EndedGroups::ended)
                .list();
    }

    private void end(String node, Ended ended, String side) {
        try {
            nodes.ask(node, unprotect(ended), Nodes.LONG);
            told(node, ended);
            LOG.info("group {} is over, and node {} has been told", ended.group(), node);
        } catch (FaultException e) {
            LOG.warn(
                    "group {} is over, and node {} could not be told yet: {}",
                    ended.group(),
                    node,
                    e.getMessage());
        } catch (RuntimeException e) {
            LOG.warn("group {} is over, and node {} could not be told yet", ended.group(), node, e);
        } finally {
            busy.remove(side);
        }
    }
}
