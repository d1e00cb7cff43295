// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.database.Rows;
import io.redoubt.control.storage.Volume;
import io.redoubt.control.storage.Volumes;
import io.redoubt.core.fault.FaultException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/// The journals that a group left behind when it turned round: what stands on them, and what goes with them.
@Component
class FormerJournals {
    private final JdbcClient sql;
    private final Failovers failovers;
    private final Volumes volumes;

    FormerJournals(JdbcClient sql, Failovers failovers, Volumes volumes) {
        this.sql = sql;
        this.failovers = failovers;
        this.volumes = volumes;
    }

    /// @param point that the next history went on from
    record Former(String node, String lineage, long point, Instant since) {}

    /// Inside the transaction that swaps the roles.
    void add(String group, String node, String lineage, long point) {
        sql.sql(
                        "insert into former_journal (group_id, node, lineage, point) values (?, ?, ?, ?) on conflict do nothing")
                .params(group, node, lineage, point)
                .update();
    }

    /// Oldest first.
    List<Former> of(String group) {
        return sql.sql("select * from former_journal where group_id = ? order by since, lineage")
                .param(group)
                .query((row, _) ->
                        new Former(
                                row.getString("node"),
                                row.getString("lineage"),
                                row.getLong("point"),
                                Rows.requireInstant(row, "since")))
                .list();
    }

    /// The one that a node keeps.
    Optional<Former> at(String group, String node) {
        return of(group).stream().filter(former -> former.node().equals(node)).findFirst();
    }

    void forget(String group, String lineage) {
        sql.sql("delete from former_journal where group_id = ? and lineage = ?")
                .params(group, lineage)
                .update();
    }

    /// The volumes that the journal of this lineage was begun with: they go with it.
    List<String> bases(String lineage) {
        return sql.sql("select failover from group_reversal where lineage = ?")
                .param(lineage)
                .query(String.class)
                .optional()
                .flatMap(failovers::find)
                .map(failover -> failover.disks().stream().map(Failover.Disk::volume).toList())
                .orElse(List.of());
    }

    /// The volumes of the group's machines that still read from one of its journals, with the node they are on.
    List<Volume> standing(String group) {
        return sql
                .sql(
                        "select v.view_volume from failover_volume v join failover f on f.id = v.failover join volume on volume.id = v.view_volume"
                                + " where f.group_id = ? and f.kind <> 'test' and f.state in ('committed', 'reversed') and volume.view is not null order by v.view_volume")
                .param(group)
                .query(String.class)
                .list()
                .stream()
                .flatMap(volume -> volumes.find(volume).stream())
                .toList();
    }

    /// A node keeps one journal of a group, so what reads from a former one is told by its node.
    ///
    /// @throws FaultException with [RecoveryFault.GroupInUse] while something is copied out of a former journal
    void requireNothingCopied(Group group) {
        List<Volume> reading = new ArrayList<>(standing(group.id()));
        reading.addAll(volumes.copiedFrom(group.id()));
        List<String> nodes = of(group.id()).stream().map(Former::node).toList();
        reading.removeIf(volume -> !nodes.contains(volume.node()));
        if (!reading.isEmpty()) {
            throw new FaultException(
                    new RecoveryFault.GroupInUse(
                            group.name(),
                            "volume %s, which is copied out of its journal"
                                    .formatted(reading.getFirst().name())));
        }
    }
}
