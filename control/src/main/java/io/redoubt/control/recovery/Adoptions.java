// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.compute.Machine;
import io.redoubt.control.compute.Machines;
import io.redoubt.control.database.RandomId;
import io.redoubt.control.database.Rows;
import io.redoubt.control.gateway.NodeListener;
import io.redoubt.control.gateway.Nodes;
import io.redoubt.control.storage.Volumes;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.LiveView;
import io.redoubt.protocol.ReceiverReport;
import io.redoubt.protocol.Report;
import io.redoubt.protocol.RollBackReceiver;
import io.redoubt.protocol.ViewVolume;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/// Learns from a receiver what was decided without this database: by a control plane whose database was lost and came back older, or by a
/// person at the receiver's node while there was none (rules 3 and 4). A term above ours says so; nothing else raises it.
///
/// A decision that led to no promotion is ended under a later term. A promotion is taken as it is: the live view and the machines on it become
/// a failover that can be committed or rolled back. Until then [Grants] grants nothing. A group that is just being changed is left until that
/// has ended.
@Component
class Adoptions implements NodeListener {
    private static final Logger LOG = LoggerFactory.getLogger(Adoptions.class);

    private final JdbcClient sql;
    private final TransactionTemplate transactions;
    private final Groups groups;
    private final Failovers failovers;
    private final Machines machines;
    private final Volumes volumes;
    private final Words words;
    private final Grants grants;
    private final Nodes nodes;
    private final Set<String> busy = ConcurrentHashMap.newKeySet();

    Adoptions(
            JdbcClient sql,
            TransactionTemplate transactions,
            Groups groups,
            Failovers failovers,
            Machines machines,
            Volumes volumes,
            Words words,
            Grants grants,
            Nodes nodes) {
        this.sql = sql;
        this.transactions = transactions;
        this.groups = groups;
        this.failovers = failovers;
        this.machines = machines;
        this.volumes = volumes;
        this.words = words;
        this.grants = grants;
        this.nodes = nodes;
    }

    @Override
    public void report(String node, Report report) {
        if (report.getIncarnation() != grants.mark().incarnation()) {
            return;
        }
        for (ReceiverReport receiver : report.getReceiversList()) {
            groups.find(receiver.getGroup())
                    .filter(group -> knowsLater(group, node, receiver))
                    .filter(group -> busy.add(group.id()))
                    .ifPresent(group -> begin(group, receiver));
        }
    }

    private static boolean knowsLater(Group group, String node, ReceiverReport receiver) {
        return group.receiverNode().equals(node)
                && receiver.getTerm() > group.term()
                && (group.state().equals("protected") || group.state().equals("failed-over"));
    }

    /// Beside the reports; what fails is tried again with the next one.
    private void begin(Group group, ReceiverReport receiver) {
        Thread.ofVirtual()
                .name("adopt-" + group.id())
                .start(() -> {
                    try {
                        adopt(group, receiver);
                    } catch (RuntimeException e) {
                        LOG.error(
                                "group {}: what its receiver decided under term {} cannot be taken over yet",
                                group.id(),
                                receiver.getTerm(),
                                e);
                    } finally {
                        busy.remove(group.id());
                    }
                });
    }

    private void adopt(Group group, ReceiverReport receiver) {
        if (failovers.openOn(group.id()).isPresent()) {
            LOG.error(
                    "group {} has a failover here and its receiver another one, under term {}: neither is touched",
                    group.id(),
                    receiver.getTerm());
            return;
        }
        Optional<LiveView> live =
                receiver.getLiveViewsList().stream()
                        .filter(view -> view.getTerm() == receiver.getTerm())
                        .findFirst();
        if (!receiver.getPromoted()) {
            groups.ended(group.id(), receiver.getTerm());
        } else if (live.isPresent()) {
            transactions.executeWithoutResult(_ -> take(group.id(), receiver, live.get()));
        } else {
            // Nothing was ever written: whatever writes under a promotion does so on a live view.
            nodes.ask(
                    group.receiverNode(),
                    Command.newBuilder()
                            .setRollBackReceiver(
                                    RollBackReceiver.newBuilder()
                                            .setGroup(group.id())
                                            .setTerm(receiver.getTerm() + 1)),
                    Nodes.SOON);
            groups.ended(group.id(), receiver.getTerm());
        }
        grants.open(group.id());
        LOG.info(
                "group {}: what its receiver decided under term {} is known here now",
                group.id(),
                receiver.getTerm());
    }

    private void take(String id, ReceiverReport receiver, LiveView live) {
        Group group = groups.lock(id);
        if (group.term() >= receiver.getTerm()) {
            return;
        }
        String failover = RandomId.next();
        groups.promoted(id, receiver.getTerm());
        sql.sql(
                        "insert into failover (id, tenant, group_id, kind, state, operation, term, point, point_stamp, point_tag, point_published, view, node, decided_at, grants_ended_at, view_open_at)"
                                + " values (:id, :tenant, :group, 'live', 'active', :operation, :term, :point, :stamp, '', :stamp, :view, :node, :now, :now, :now)")
                .param("id", failover)
                .param("tenant", group.tenant())
                .param("group", id)
                .param(
                        "operation",
                        live.hasWithoutControl()
                                ? Failover.BREAK_GLASS
                                : Failover.UNKNOWN_OPERATION)
                .param("term", receiver.getTerm())
                .param("point", live.getCut())
                .param("stamp", Rows.timestamp(live.getStampMillis()))
                .param("view", live.getView())
                .param("node", group.receiverNode())
                .param("now", Rows.timestamp(decidedAt(live)))
                .update();
        for (Group.Source source : group.sources()) {
            sql.sql("insert into failover_source (failover, node) values (?, ?)")
                    .params(failover, source.node())
                    .update();
        }
        takeDisks(failover, group, live);
        failovers.move(failovers.find(failover).orElseThrow());
        if (live.hasWithoutControl()) {
            words.record(group, failover, live.getWithoutControl());
        }
    }

    private static Instant decidedAt(LiveView live) {
        return live.hasWithoutControl()
                ? Instant.ofEpochMilli(live.getWithoutControl().getAtMillis())
                : Instant.now();
    }

    /// A machine keeps its id where it is recovered, so its old disks tell whose the view's volumes are.
    private void takeDisks(String failover, Group group, LiveView live) {
        Map<String, ViewVolume> views = new HashMap<>();
        live.getVolumesList().forEach(volume -> views.put(volume.getVolume(), volume));
        for (String id : group.machines()) {
            Machine machine = machines.find(id).orElseThrow();
            sql.sql("insert into failover_machine (failover, machine, copy) values (?, ?, ?)")
                    .params(failover, id, id)
                    .update();
            List<String> disks = machine.disks().stream().filter(views::containsKey).toList();
            for (int position = 0; position < disks.size(); position++) {
                ViewVolume view = Objects.requireNonNull(views.get(disks.get(position)));
                String nonce = view.getAttachment().getNonce();
                volumes.addView(
                        view.getViewVolume(),
                        volumes.find(disks.get(position)).orElseThrow(),
                        live.getView(),
                        group.receiverNode(),
                        nonce,
                        id);
                sql.sql(
                                "insert into failover_volume (failover, volume, view_volume, copy, position, attachment_nonce) values (?, ?, ?, ?, ?, ?)")
                        .params(
                                failover,
                                disks.get(position),
                                view.getViewVolume(),
                                id,
                                position,
                                nonce)
                        .update();
            }
        }
    }
}
