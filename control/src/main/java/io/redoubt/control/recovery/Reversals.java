// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import com.google.protobuf.InvalidProtocolBufferException;
import io.redoubt.control.database.Rows;
import io.redoubt.control.gateway.Nodes;
import io.redoubt.control.storage.Volumes;
import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.Delta;
import io.redoubt.protocol.Fork;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/// What is decided and known when a group turns round.
@Component
class Reversals {
    private final JdbcClient sql;
    private final TransactionTemplate transactions;
    private final Groups groups;
    private final Failovers failovers;
    private final Volumes volumes;
    private final Nodes nodes;
    private final FormerJournals journals;

    /// @param lineage  of the new history
    /// @param term     under which the roles are swapped
    /// @param fork     where it left the old one, null until that was asked for
    /// @param delta    what differs, as far as the old side knows it
    /// @param compared why everything is compared, empty when what differs is known
    /// @param node     of the old side, that is to keep the journal
    /// @param whole    old volumes that lie on other nodes: they are not adopted, and what replaces them travels whole
    record Reversal(
            Failover failover,
            String lineage,
            long term,
            @Nullable Fork fork,
            @Nullable Delta delta,
            String compared,
            String node,
            Set<String> whole) {
        List<String> oldNodes() {
            return failover.releases().stream().map(Failover.Release::node).toList();
        }

        /// Whose volumes lie on the node that keeps the journal.
        List<Failover.Disk> adopted() {
            return failover.disks().stream()
                    .filter(disk -> !whole.contains(disk.volume()))
                    .toList();
        }
    }

    Reversals(
            JdbcClient sql,
            TransactionTemplate transactions,
            Groups groups,
            Failovers failovers,
            Volumes volumes,
            Nodes nodes,
            FormerJournals journals) {
        this.sql = sql;
        this.transactions = transactions;
        this.groups = groups;
        this.failovers = failovers;
        this.volumes = volumes;
        this.nodes = nodes;
        this.journals = journals;
    }

    /// The failover that the group stands on since its commit.
    Optional<String> committed(String group) {
        return sql.sql(
                        "select id from failover where group_id = ? and state = 'committed' order by decided_at desc limit 1")
                .param(group)
                .query(String.class)
                .optional();
    }

    /// Inside the transaction that begins the operation.
    ///
    /// @throws FaultException with a [RecoveryFault] when the group cannot turn round now; then nothing changed
    void begin(String groupId, String id) {
        Group group = groups.lock(groupId);
        if (!group.state().equals("failed-over") || !committed(groupId).equals(Optional.of(id))) {
            throw new FaultException(new RecoveryFault.NotCommitted(group.name(), group.state()));
        }
        Failover failover = failovers.find(id).orElseThrow();
        if (standing(id).filter(now -> now.state().equals("giving-up")).isPresent()) {
            throw new FaultException(new RecoveryFault.GivingUp(group.name()));
        }
        OldSide old = OldSide.of(failover, volumes);
        requireReversible(group, failover, old);
        groups.state(groupId, "reversing");
        sql.sql(
                        "insert into group_reversal (failover, lineage, term, node, whole) values (?, ?, ?, ?, ?)"
                                + " on conflict (failover) do update set state = 'running', reason = '', since = now()")
                .params(
                        id,
                        UUID.randomUUID().toString().replace("-", ""),
                        group.term() + 1,
                        old.journal(),
                        old.elsewhere().toArray(String[]::new))
                .update();
    }

    private void requireReversible(Group group, Failover failover, OldSide side) {
        List<String> old = failover.releases().stream().map(Failover.Release::node).toList();
        for (Failover.Disk disk : failover.disks()) {
            if (volumes.find(disk.volume()).filter(found -> found.view() != null).isPresent()) {
                throw new FaultException(new RecoveryFault.OldSideIsView(group.name(), old));
            }
        }
        Optional<FormerJournals.Former> former = journals.at(group.id(), side.journal());
        if (former.isPresent()) {
            throw new FaultException(
                    new RecoveryFault.FormerJournalThere(
                            group.name(), side.journal(), former.get().point()));
        }
        List<String> away =
                java.util.stream.Stream.concat(
                                old.stream(), java.util.stream.Stream.of(failover.node()))
                        .filter(node -> !nodes.connected(node))
                        .toList();
        if (!away.isEmpty()) {
            throw new FaultException(new RecoveryFault.SideAway(group.name(), away));
        }
        Optional<String> open = failovers.openBeside(group.id(), failover.id());
        if (open.isPresent()) {
            throw new FaultException(
                    new RecoveryFault.GroupInUse(group.name(), "failover " + open.get()));
        }
    }

    Reversal require(String failover) {
        return sql.sql("select * from group_reversal where failover = ?")
                .param(failover)
                .query(this::reversal)
                .single();
    }

    /// What was heard of both sides; the first word counts, because the old side may have forgotten when it is asked again.
    void known(String failover, Fork fork, Delta delta) {
        sql.sql(
                        "update group_reversal set fork = ?, delta = ? where failover = ? and delta is null")
                .params(fork.toByteArray(), delta.toByteArray(), failover)
                .update();
    }

    void compared(String failover, String why) {
        sql.sql("update group_reversal set compared = ? where failover = ?")
                .params(why, failover)
                .update();
    }

    /// What was heard stays, and the lineage: should the old node have begun after all, the next attempt goes on from there. [#begin] tries again,
    /// [#beginGivingUp] ends it.
    void refused(String failover) {
        transactions.executeWithoutResult(_ -> {
            groups.state(failovers.find(failover).orElseThrow().group(), "failed-over");
            state(failover, "refused");
        });
    }

    /// What is in the way now; the last one is the reason of a refusal.
    void inTheWay(String failover, String reason) {
        sql.sql("update group_reversal set reason = ? where failover = ? and reason <> ?")
                .params(reason, failover, reason)
                .update();
    }

    private void state(String failover, String state) {
        sql.sql(
                        "update group_reversal set state = ?, since = now() where failover = ? and state <> ?")
                .params(state, failover, state)
                .update();
    }

    /// @param reason what was in the way last, empty for nothing
    record Standing(String failover, String state, String reason, Instant since) {}

    /// How the reversal of a failover stands, once there was one.
    Optional<Standing> standing(String failover) {
        return sql.sql("select * from group_reversal where failover = ?")
                .param(failover)
                .query((row, _) ->
                        new Standing(
                                failover,
                                row.getString("state"),
                                row.getString("reason"),
                                Rows.requireInstant(row, "since")))
                .optional();
    }

    /// Inside the transaction that begins the operation.
    ///
    /// @throws FaultException with [RecoveryFault.NotRefused]
    void beginGivingUp(String groupId, String failover) {
        Group group = groups.lock(groupId);
        String now = standing(failover).map(Standing::state).orElse("not begun");
        if (!now.equals("refused")) {
            throw new FaultException(new RecoveryFault.NotRefused(group.name(), now));
        }
        state(failover, "giving-up");
    }

    /// It may be tried again, or given up once more.
    void notGivenUp(String failover) {
        state(failover, "refused");
    }

    /// Nothing of it is left: another one begins anew.
    void forget(String failover) {
        sql.sql("delete from group_reversal where failover = ?").param(failover).update();
    }

    /// The roles are swapped: what was the view's is protected, what was the old side's belongs to its journal, and no point of the old
    /// journal is the group's any more. The same again changes nothing.
    void swap(String failover) {
        transactions.executeWithoutResult(_ -> {
            Reversal reversal = require(failover);
            Failover from = reversal.failover();
            String lineage = groups.lock(from.group()).lineage();
            if (groups.swap(from.group(), reversal.lineage(), reversal.term(), reversal.node())
                    == 0) {
                return;
            }
            journals.add(from.group(), from.node(), lineage, from.point().number());
            sql.sql("delete from group_source where group_id = ?").param(from.group()).update();
            sql.sql("insert into group_source (group_id, node) values (?, ?)")
                    .params(from.group(), from.node())
                    .update();
            for (String table : List.of("recovery_point", "group_journal", "group_source_state")) {
                sql.sql("delete from %s where group_id = ?".formatted(table))
                        .param(from.group())
                        .update();
            }
            for (Failover.Disk disk : from.disks()) {
                boolean whole = reversal.whole().contains(disk.volume());
                // The new journal's points are counted anew: each holds what it began with.
                sql.sql(
                                "update group_volume set volume = ?, state = null, reason = '', since = null, bytes_to_copy = 0, first_point = case when ? then null else 0 end where group_id = ? and volume = ?")
                        .params(disk.viewVolume(), whole, from.group(), disk.volume())
                        .update();
                volumes.state(disk.volume(), whole ? "ready" : "adopted");
            }
        });
    }

    void ended(String failover) {
        transactions.executeWithoutResult(_ -> {
            failovers.state(failover, "reversed");
            inTheWay(failover, "");
            state(failover, "reversed");
            groups.state(failovers.find(failover).orElseThrow().group(), "protected");
        });
    }

    private Reversal reversal(ResultSet row, int ignored) throws SQLException {
        byte @Nullable [] fork = row.getBytes("fork");
        byte @Nullable [] delta = row.getBytes("delta");
        try {
            return new Reversal(
                    failovers.find(row.getString("failover")).orElseThrow(),
                    row.getString("lineage"),
                    row.getLong("term"),
                    fork == null ? null : Fork.parseFrom(fork),
                    delta == null ? null : Delta.parseFrom(delta),
                    row.getString("compared"),
                    row.getString("node"),
                    Set.of((String[]) row.getArray("whole").getArray()));
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("what is known of a reversal cannot be read", e);
        }
    }
}
