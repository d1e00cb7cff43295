// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.database.Rows;
import io.redoubt.control.gateway.NodeListener;
import io.redoubt.control.identity.Caller;
import io.redoubt.control.identity.TenantRows;
import io.redoubt.control.web.Refusal;
import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.ReplicationState;
import io.redoubt.protocol.Report;
import io.redoubt.protocol.SourceReport;
import io.redoubt.protocol.SourceVolumeReport;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/// The protection groups: their rows, and what their sources say.
@Component
class Groups implements NodeListener {
    private static final String SELECT =
            "select protection_group.*, (select coalesce(array_agg(machine order by machine), '{}') from group_machine where group_id = protection_group.id and standing <> 'leaving') as machines from protection_group ";

    private final JdbcClient sql;
    private final TenantRows<Group> rows;

    Groups(JdbcClient sql) {
        this.sql = sql;
        this.rows =
                new TenantRows<>(sql, "protection group", "protection_group", SELECT, this::group);
    }

    /// @throws FaultException with [Refusal.NotFound]
    Group require(Caller caller, String reference) {
        return rows.require(caller, reference);
    }

    Optional<Group> find(String id) {
        return sql.sql(SELECT + "where id = ?").param(id).query(this::group).optional();
    }

    /// Held until the transaction ends: decisions about one group are taken one after the other.
    Group lock(String id) {
        sql.sql("select from protection_group where id = ? for update")
                .param(id)
                .query()
                .listOfRows();
        return find(id).orElseThrow();
    }

    TenantRows<Group> rows() {
        return rows;
    }

    /// @throws FaultException with [Refusal.NameTaken] or [RecoveryFault.BadMembers]
    void add(Group group) {
        try {
            sql.sql(
                            "insert into protection_group (id, tenant, name, state, term, lineage, source_zone, target_zone, receiver_node, interval_millis, stream_bytes_per_second, isolation_version, goes_on, may_go_on)"
                                    + " values (?, ?, ?, 'making', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
                    .params(
                            group.id(),
                            group.tenant(),
                            group.name(),
                            group.term(),
                            group.lineage(),
                            group.sourceZone(),
                            group.targetZone(),
                            group.receiverNode(),
                            group.intervalMillis(),
                            group.streamBytesPerSecond(),
                            group.whenIsolated().version(),
                            group.whenIsolated().goesOn(),
                            group.whenIsolated().mayGoOn())
                    .update();
        } catch (DuplicateKeyException e) {
            throw new FaultException(new Refusal.NameTaken("protection group", group.name()), e);
        }
        for (Group.Source source : group.sources()) {
            sql.sql("insert into group_source (group_id, node) values (?, ?)")
                    .params(group.id(), source.node())
                    .update();
        }
        try {
            for (String machine : group.machines()) {
                sql.sql("insert into group_machine (group_id, machine) values (?, ?)")
                        .params(group.id(), machine)
                        .update();
            }
            for (int position = 0; position < group.volumes().size(); position++) {
                sql.sql(
                                "insert into group_volume (group_id, position, volume, first_point) values (?, ?, ?, 0)")
                        .params(group.id(), position, group.volumes().get(position).volume())
                        .update();
            }
        } catch (DuplicateKeyException e) {
            throw new FaultException(
                    new RecoveryFault.BadMembers(
                            "a machine or a disk of it is in another protection group",
                            "Delete that group first."),
                    e);
        }
    }

    void state(String id, String state) {
        sql.sql("update protection_group set state = ? where id = ?").params(state, id).update();
    }

    /// @param bytesPerSecond 0 for no limit
    void streamLimit(String id, long bytesPerSecond) {
        sql.sql("update protection_group set stream_bytes_per_second = ? where id = ?")
                .params(bytesPerSecond, id)
                .update();
    }

    /// From here on some source may go on, also if nobody was told yet; that none does any more is what the sources say.
    void whenIsolated(String id, WhenIsolated.Wish wish) {
        boolean goesOn = wish == WhenIsolated.Wish.CONTINUE;
        sql.sql(
                        "update protection_group set isolation_version = isolation_version + 1, goes_on = :goes, may_go_on = may_go_on or :goes where id = :id and goes_on <> :goes")
                .param("goes", goesOn)
                .param("id", id)
                .update();
    }

    /// The receiver has this version durably.
    void receiverKnows(String id, String node, long isolationVersion) {
        sql.sql(
                        "update protection_group set receiver_isolation = ? where id = ? and receiver_node = ? and receiver_isolation < ?")
                .params(isolationVersion, id, node, isolationVersion)
                .update();
    }

    /// That it has ended is remembered with the same stroke, for the nodes that were told of it, and for those that had left it. A node from which nobody has heard since it
    /// could have been told stays listed; so do groups of the last days.
    void forget(String id) {
        sql.sql(
                        "with told as (insert into ended_group (group_id, node, receiver, term, told_at)"
                                + " select id, node, false, term, now() from protection_group join group_source on group_id = id where id = :id"
                                + " union all select id, receiver_node, true, term, now() from protection_group where id = :id on conflict do nothing),"
                                + " left_before as (update ended_group set left_membership = 0 where group_id = :id)"
                                + " delete from protection_group where id = :id")
                .param("id", id)
                .update();
        sql.sql(
                        "delete from ended_group using node where node.id = node and told_at < now() - interval '30 days' and last_seen_at > told_at + interval '1 day'")
                .update();
    }

    /// The decision: the role term rises, and nothing of the old one is granted any more.
    void decide(String id, long term) {
        sql.sql(
                        "update protection_group set term = ?, stopped = true, state = 'failing-over' where id = ?")
                .params(term, id)
                .update();
    }

    /// The point of no return of a failover.
    void promote(String id, long term) {
        sql.sql("update protection_group set promoted = true where id = ? and term = ?")
                .params(id, term)
                .update();
    }

    /// A decision that was not carried out is taken back, under a later term.
    ///
    /// @return false when it was promoted, or taken back before
    boolean rollBack(String id, long term) {
        return sql.sql(
                                "update protection_group set term = term + 1, stopped = false, state = 'protected' where id = ? and term = ? and stopped and not promoted")
                        .params(id, term)
                        .update()
                == 1;
    }

    /// Whatever the receiver was told to decide under this term came to nothing, and is over.
    void ended(String id, long term) {
        sql.sql(
                        "update protection_group set term = ?, stopped = false, promoted = false, state = 'protected' where id = ? and term <= ? and state in ('protected', 'failed-over')")
                .params(term + 1, id, term)
                .update();
    }

    /// The receiver was promoted under this term, without us.
    void promoted(String id, long term) {
        sql.sql(
                        "update protection_group set term = ?, stopped = true, promoted = true, state = 'failed-over' where id = ?")
                .params(term, id)
                .update();
    }

    /// A promotion is taken back, under a later term.
    ///
    /// @return false when it was taken back before
    boolean takeBack(String id, long term) {
        return sql.sql(
                                "update protection_group set term = term + 1, stopped = false, promoted = false where id = ? and term = ? and promoted")
                        .params(id, term)
                        .update()
                == 1;
    }

    /// The receiver of before is the source now, under another history.
    ///
    /// @return 0 when that was done before
    int swap(String id, String lineage, long term, String receiver) {
        return sql.sql(
                        "update protection_group set term = ?, lineage = ?, membership = membership + 1, source_zone = target_zone, target_zone = source_zone, receiver_node = ?,"
                                + " stopped = false, promoted = false, receiver_seen_at = null,"
                                + " isolation_version = isolation_version + 1, may_go_on = goes_on, receiver_isolation = 0 where id = ? and term < ?")
                .params(term, lineage, receiver, id, term)
                .update();
    }

    @Override
    public void report(String node, Report report) {
        for (SourceReport source : report.getSourcesList()) {
            int ours =
                    sql.sql(
                                    "update group_source set seen_at = now(), bytes_behind = ?, spool_bytes = ?, makes_cuts = ?, alone = ?, isolation_version = ? where group_id = ? and node = ?")
                            .params(
                                    source.getBytesBehind(),
                                    source.getSpoolBytes(),
                                    source.getMakesCuts(),
                                    source.getAlone(),
                                    source.getIsolation().getVersion(),
                                    source.getGroup(),
                                    node)
                            .update();
            if (ours == 1) {
                source.getVolumesList().forEach(volume -> take(source.getGroup(), node, volume));
                settle(source.getGroup());
            }
        }
    }

    /// Once each source has said that it knows of the last wish, which is to stand still, none goes on alone.
    private void settle(String group) {
        sql.sql(
                        "update protection_group set may_go_on = false where id = ? and may_go_on and not goes_on and not exists"
                                + " (select from group_source where group_id = protection_group.id and group_source.isolation_version <> protection_group.isolation_version)")
                .param(group)
                .update();
    }

    /// Of a volume only the node's word counts that writes it.
    private void take(String group, String node, SourceVolumeReport volume) {
        String state =
                volume.getState() == ReplicationState.REPLICATION_STATE_UNSPECIFIED
                        ? ""
                        : volume.getState().name();
        sql.sql(
                        "update group_volume set state = nullif(:state, ''), reason = :reason, since = :since, bytes_to_copy = :bytes where group_id = :group and volume = :volume"
                                + " and exists (select from volume where volume.id = :volume and volume.node = :node)"
                                + " and (coalesce(state, ''), reason, bytes_to_copy) is distinct from (:state, :reason, :bytes)")
                .param("state", state)
                .param("reason", volume.getReason())
                .param("since", Rows.timestamp(volume.getSinceMillis()))
                .param("bytes", volume.getBytesToCopy())
                .param("group", group)
                .param("volume", volume.getVolume())
                .param("node", node)
                .update();
    }

    private Group group(ResultSet row, int ignored) throws SQLException {
        String id = row.getString("id");
        return new Group(
                id,
                row.getString("tenant"),
                row.getString("name"),
                row.getString("state"),
                row.getLong("term"),
                row.getBoolean("stopped"),
                row.getBoolean("promoted"),
                row.getString("lineage"),
                row.getString("source_zone"),
                row.getString("target_zone"),
                sources(id),
                row.getString("receiver_node"),
                row.getInt("interval_millis"),
                row.getLong("stream_bytes_per_second"),
                new WhenIsolated(
                        row.getLong("isolation_version"),
                        row.getBoolean("goes_on"),
                        row.getBoolean("may_go_on"),
                        row.getLong("receiver_isolation")),
                Rows.instant(row, "receiver_seen_at"),
                List.of((String[]) row.getArray("machines").getArray()),
                members(id),
                row.getLong("membership"),
                leavingSources(id));
    }

    private List<Group.Source> sources(String group) {
        return sql.sql(
                        "select group_source.*, node.name from group_source join node on node.id = group_source.node where group_id = ? and not leaving order by node.name")
                .param(group)
                .query(Groups::source)
                .list();
    }

    private List<String> leavingSources(String group) {
        return sql.sql("select node from group_source where group_id = ? and leaving order by node")
                .param(group)
                .query(String.class)
                .list();
    }

    /// Whoever is silent makes no cuts, whatever it said last.
    private static Group.Source source(ResultSet row, int ignored) throws SQLException {
        Instant seenAt = Rows.instant(row, "seen_at");
        boolean silent = Group.silent(seenAt, Instant.now());
        return new Group.Source(
                row.getString("node"),
                row.getString("name"),
                row.getLong("bytes_behind"),
                row.getLong("spool_bytes"),
                !silent && row.getBoolean("makes_cuts"),
                row.getBoolean("alone"),
                seenAt);
    }

    private List<Group.Member> members(String group) {
        return sql.sql(
                        "select group_volume.*, volume.node, volume.name, volume.size_bytes from group_volume join volume on volume.id = group_volume.volume where group_id = ? and standing <> 'leaving' order by position")
                .param(group)
                .query((row, _) ->
                        new Group.Member(
                                row.getString("volume"),
                                row.getString("node"),
                                row.getString("name"),
                                row.getLong("size_bytes"),
                                row.getString("state"),
                                row.getString("reason"),
                                Rows.instant(row, "since"),
                                row.getLong("bytes_to_copy"),
                                row.getString("standing").equals("joining"),
                                row.getObject("first_point", Long.class)))
                .list();
    }
}
