// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.compute.Machine;
import io.redoubt.control.gateway.NodeListener;
import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.ReceiverReport;
import io.redoubt.protocol.Report;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/// Who is a member of which group, who is to be one, and who is none any more but has not heard of it (ADR 34).
@Component
class Memberships implements NodeListener {
    private final JdbcClient sql;
    private final Map<String, Long> atReceivers = new ConcurrentHashMap<>(); // newest, by group

    Memberships(JdbcClient sql) {
        this.sql = sql;
    }

    /// A machine that is a member, or was until its leaving is done.
    ///
    /// @param standing joining, member or leaving
    record Known(String machine, String name, String group, String standing) {}

    /// In this group or another one.
    List<Known> known(List<String> machines) {
        return sql.sql(
                        "select group_machine.*, machine.name from group_machine join machine on machine.id = machine where machine = any(?)")
                .param(machines.toArray(String[]::new))
                .query((row, _) ->
                        new Known(
                                row.getString("machine"),
                                row.getString("name"),
                                row.getString("group_id"),
                                row.getString("standing")))
                .list();
    }

    /// @throws FaultException with [RecoveryFault.NotNow] while the group is anything but protected, or is on its way to another zone; with
    ///                        [RecoveryFault.NewerMembers] when this database is older than what the receiver was told
    void requireFree(Group group) {
        boolean moving =
                sql.sql(
                                        "select count(*) from failover where group_id = ? and kind <> 'test' and state in ('running', 'rolling-back', 'committing')")
                                .param(group.id())
                                .query(Long.class)
                                .single()
                        > 0;
        if (moving || !group.state().equals("protected")) {
            throw new FaultException(
                    new RecoveryFault.NotNow(group.name(), moving ? "moving" : group.state()));
        }
        long atReceiver = atReceivers.getOrDefault(group.id(), 0L);
        if (atReceiver > group.membership()) {
            throw new FaultException(
                    new RecoveryFault.NewerMembers(group.name(), group.membership(), atReceiver));
        }
    }

    /// @throws FaultException with [RecoveryFault.BadMembers]
    void join(String group, List<Machine> machines, List<Group.Member> volumes) {
        try {
            for (Machine machine : machines) {
                sql.sql(
                                "insert into group_machine (group_id, machine, standing) values (?, ?, 'joining')")
                        .params(group, machine.id())
                        .update();
            }
            for (Group.Member volume : volumes) {
                sql.sql(
                                "insert into group_volume (group_id, position, volume, standing)"
                                        + " select ?, 1 + coalesce(max(position), 0), ?, 'joining' from group_volume where group_id = ?")
                        .params(group, volume.volume(), group)
                        .update();
                sql.sql(
                                "insert into group_source (group_id, node) values (?, ?) on conflict (group_id, node) do update set leaving = false")
                        .params(group, volume.node())
                        .update();
                sql.sql("delete from ended_group where group_id = ? and node = ?")
                        .params(group, volume.node())
                        .update();
            }
        } catch (DuplicateKeyException e) {
            throw new FaultException(
                    new RecoveryFault.BadMembers(
                            "a machine or a disk of it is in another protection group",
                            "Remove it there first."),
                    e);
        }
        changed(group);
    }

    /// Those that are named and belong to the group; the others are left alone.
    void leave(String group, List<String> machines) {
        String[] named = machines.toArray(String[]::new);
        sql.sql(
                        "update group_volume set standing = 'leaving' where group_id = ? and volume in"
                                + " (select volume from machine_disk where machine = any(?))")
                .params(group, named)
                .update();
        sql.sql(
                        "update group_machine set standing = 'leaving' where group_id = ? and machine = any(?)")
                .params(group, named)
                .update();
        sql.sql(
                        "update group_source source set leaving = true where group_id = ? and not exists (select from group_volume"
                                + " join volume on volume.id = group_volume.volume where group_volume.group_id = source.group_id"
                                + " and volume.node = source.node and standing <> 'leaving')")
                .param(group)
                .update();
        changed(group);
    }

    /// Every node of the group knows them.
    void joined(String group, List<String> machines) {
        for (String table : List.of("group_machine", "group_volume")) {
            String which =
                    table.equals("group_machine")
                            ? "machine = any(?)"
                            : "volume in (select volume from machine_disk where machine = any(?))";
            sql.sql(
                            "update "
                                    + table
                                    + " set standing = 'member' where group_id = ? and standing = 'joining' and "
                                    + which)
                    .params(group, machines.toArray(String[]::new))
                    .update();
        }
    }

    /// Every node of the group knows that they are no members: others may protect them.
    void gone(String group, List<String> machines) {
        String[] named = machines.toArray(String[]::new);
        sql.sql(
                        "delete from group_volume where group_id = ? and standing = 'leaving' and volume in"
                                + " (select volume from machine_disk where machine = any(?))")
                .params(group, named)
                .update();
        int rows =
                sql.sql(
                                "delete from group_machine where group_id = ? and standing = 'leaving' and machine = any(?)")
                        .params(group, named)
                        .update();
        if (rows > 0) {
            changed(group);
        }
    }

    /// The node has let go of its last volume of the group.
    void released(String group, String node) {
        sql.sql("delete from group_source where group_id = ? and node = ? and leaving")
                .params(group, node)
                .update();
    }

    private void changed(String group) {
        sql.sql("update protection_group set membership = membership + 1 where id = ?")
                .param(group)
                .update();
    }

    /// Which volumes the newest point counts, and how many changes of the members the receiver has been told.
    @Override
    public void report(String node, Report report) {
        for (ReceiverReport receiver : report.getReceiversList()) {
            atReceivers.merge(receiver.getGroup(), receiver.getMembership(), Math::max);
            var counted = new ArrayList<String>(receiver.getCountedVolumesList());
            if (!counted.isEmpty() && receiver.getPointsCount() > 0) {
                sql.sql(
                                "update group_volume set first_point = ? where group_id = ? and first_point is null and volume = any(?)"
                                        + " and exists (select from protection_group where id = group_id and receiver_node = ?)")
                        .params(
                                receiver.getPoints(0).getNumber(),
                                receiver.getGroup(),
                                counted.toArray(String[]::new),
                                node)
                        .update();
            }
        }
    }
}
