// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.gateway.NodeListener;
import io.redoubt.control.gateway.Nodes;
import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.ReceiverReport;
import io.redoubt.protocol.Report;
import io.redoubt.protocol.RetentionSet;
import io.redoubt.protocol.SetRetention;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/// How long each group's journal keeps what: decided here, and told to a receiver whenever it reports that it does otherwise.
@Component
class Retentions implements NodeListener {
    private static final Logger LOG = LoggerFactory.getLogger(Retentions.class);

    private final JdbcClient sql;
    private final Groups groups;
    private final Nodes nodes;
    private final Set<String> busy = ConcurrentHashMap.newKeySet();

    Retentions(JdbcClient sql, Groups groups, Nodes nodes) {
        this.sql = sql;
        this.groups = groups;
        this.nodes = nodes;
    }

    Retention find(String group) {
        return sql.sql("select * from group_retention where group_id = ?")
                .param(group)
                .query(Retentions::retention)
                .optional()
                .orElse(Retention.USUAL);
    }

    void put(String group, Retention retention) {
        sql.sql(
                        "insert into group_retention (group_id, until_seconds, every_seconds, quota_bytes) values (:group, :until, :every, :quota)"
                                + " on conflict (group_id) do update set until_seconds = excluded.until_seconds, every_seconds = excluded.every_seconds, quota_bytes = excluded.quota_bytes")
                .param("group", group)
                .param(
                        "until",
                        retention.ladder().stream()
                                .map(Retention.Rung::untilSeconds)
                                .toArray(Long[]::new))
                .param(
                        "every",
                        retention.ladder().stream()
                                .map(Retention.Rung::everySeconds)
                                .toArray(Long[]::new))
                .param("quota", retention.quotaBytes())
                .update();
    }

    /// For steps: what is decided now, to whoever has to do it.
    void tell(String group) {
        groups.find(group)
                .ifPresent(found -> {
                    var _ =
                            nodes.tell(
                                    found.receiverNode(),
                                    command(found, find(group), false),
                                    Nodes.SOON);
                });
    }

    /// What a journal would let go. Nothing is changed.
    ///
    /// @throws FaultException when its node is away
    RetentionSet preview(Group group, Retention wanted) {
        return nodes.ask(group.receiverNode(), command(group, wanted, true), Nodes.SOON)
                .getRetentionSet();
    }

    private static Command.Builder command(Group group, Retention retention, boolean preview) {
        return Command.newBuilder()
                .setSetRetention(
                        SetRetention.newBuilder()
                                .setGroup(group.id())
                                .setRetention(retention.told(volumeBytes(group)))
                                .setPreview(preview));
    }

    static long volumeBytes(Group group) {
        return group.volumes().stream().mapToLong(Group.Member::sizeBytes).sum();
    }

    @Override
    public void report(String node, Report report) {
        for (ReceiverReport receiver : report.getReceiversList()) {
            Optional<Group> group =
                    groups.find(receiver.getGroup())
                            .filter(found ->
                                    found.receiverNode().equals(node)
                                            && !found.state().equals("making")
                                            && !found.state().equals("deleting"));
            if (group.isPresent()
                    && !find(group.get().id())
                            .told(volumeBytes(group.get()))
                            .equals(receiver.getJournal().getRetention())) {
                correct(group.get().id());
            }
        }
    }

    /// Beside the reports, one at a time; what fails is seen and tried again with the next report.
    private void correct(String group) {
        if (busy.add(group)) {
            Thread.ofVirtual()
                    .name("retention-" + group)
                    .start(() -> {
                        try {
                            tell(group);
                        } catch (RuntimeException e) {
                            LOG.warn(
                                    "group {} does not know its retention yet: {}",
                                    group,
                                    e.getMessage());
                        } finally {
                            busy.remove(group);
                        }
                    });
        }
    }

    private static Retention retention(ResultSet row, int ignored) throws SQLException {
        Long[] until = (Long[]) row.getArray("until_seconds").getArray();
        Long[] every = (Long[]) row.getArray("every_seconds").getArray();
        var ladder = new ArrayList<Retention.Rung>();
        for (int i = 0; i < until.length; i++) {
            ladder.add(new Retention.Rung(until[i], every[i]));
        }
        long quota = row.getLong("quota_bytes");
        @Nullable Long chosen = row.wasNull() ? null : Long.valueOf(quota);
        return new Retention(ladder, chosen);
    }
}
