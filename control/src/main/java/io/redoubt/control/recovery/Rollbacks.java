// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.compute.Machines;
import io.redoubt.control.gateway.Nodes;
import io.redoubt.control.storage.Volumes;
import io.redoubt.core.fault.FaultException;
import java.util.List;
import java.util.stream.Stream;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/// What is decided when a failover is taken back.
@Component
class Rollbacks {
    private final TransactionTemplate transactions;
    private final Groups groups;
    private final Failovers failovers;
    private final Machines machines;
    private final Volumes volumes;
    private final Nodes nodes;

    Rollbacks(
            TransactionTemplate transactions,
            Groups groups,
            Failovers failovers,
            Machines machines,
            Volumes volumes,
            Nodes nodes) {
        this.transactions = transactions;
        this.groups = groups;
        this.failovers = failovers;
        this.machines = machines;
        this.volumes = volumes;
        this.nodes = nodes;
    }

    /// The nodes of both sides that are not connected.
    List<String> away(Failover failover) {
        return Stream.concat(
                        failover.releases().stream().map(Failover.Release::node),
                        Stream.of(failover.node()))
                .filter(node -> !nodes.connected(node))
                .toList();
    }

    /// Inside the transaction that begins the operation. Nobody decides anything else about the group until it has ended.
    ///
    /// @throws FaultException with [RecoveryFault.NotActive] or [RecoveryFault.SideAway]
    void begin(String id) {
        Group group = groups.lock(failovers.find(id).orElseThrow().group());
        Failover failover = failovers.find(id).orElseThrow();
        if (failover.kind() == Failover.Kind.TEST
                || !failover.state().equals("active")
                || !group.state().equals("failed-over")) {
            throw new FaultException(
                    new RecoveryFault.NotActive(id, failover.kind(), failover.state()));
        }
        List<String> away = away(failover);
        if (!away.isEmpty()) {
            throw new FaultException(new RecoveryFault.SideAway(group.name(), away));
        }
        failovers.state(id, "rolling-back");
        groups.state(group.id(), "rolling-back");
    }

    /// The old side turned out not to be there.
    void giveUp(Failover failover) {
        transactions.executeWithoutResult(_ -> {
            failovers.state(failover.id(), "active");
            groups.state(failover.group(), "failed-over");
        });
    }

    /// The machines belong to their old place again, and the old side may write under a later term. The same again changes nothing.
    void takeBack(Failover failover) {
        transactions.executeWithoutResult(_ -> {
            Group group = groups.lock(failover.group());
            if (!groups.takeBack(group.id(), failover.term())) {
                return;
            }
            for (Failover.Copy machine : failover.machines()) {
                List<String> disks =
                        Failovers.disksOf(failover, machine.copy()).stream()
                                .map(Failover.Disk::volume)
                                .toList();
                machines.move(
                        machine.copy(),
                        group.sourceZone(),
                        volumes.find(disks.getFirst()).orElseThrow().node(),
                        disks);
                disks.forEach(disk -> volumes.state(disk, "ready"));
            }
            failovers.forgetCopies(failover);
        });
    }
}
