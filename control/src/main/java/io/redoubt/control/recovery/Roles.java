// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.compute.Machine;
import io.redoubt.control.compute.Machines;
import io.redoubt.control.gateway.NodeListener;
import io.redoubt.control.gateway.Nodes;
import io.redoubt.control.region.Region;
import io.redoubt.control.storage.Volumes;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.Hello;
import io.redoubt.protocol.MachineReport;
import io.redoubt.protocol.MachineState;
import io.redoubt.protocol.ProtectReceiver;
import io.redoubt.protocol.ProtectSource;
import io.redoubt.protocol.ReceiverReport;
import io.redoubt.protocol.ReleaseSource;
import io.redoubt.protocol.Report;
import io.redoubt.protocol.SourceReport;
import io.redoubt.protocol.StopMode;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/// Keeps every node in the role that was decided last: reads what it reports, compares, corrects.
///
/// A source whose group was promoted elsewhere is released, its volumes are fenced and what it still runs is paused; a side that knows
/// an older term is told the present one; a receiver that moved is made known to its sources. A group that we do not know is left alone:
/// our database may be an old one, and a journal is not ours to delete by mistake.
@Component
class Roles implements NodeListener {
    private static final Logger LOG = LoggerFactory.getLogger(Roles.class);

    private final Groups groups;
    private final Machines machines;
    private final Volumes volumes;
    private final Region region;
    private final Nodes nodes;
    private final Set<String> busy = ConcurrentHashMap.newKeySet();

    Roles(Groups groups, Machines machines, Volumes volumes, Region region, Nodes nodes) {
        this.groups = groups;
        this.machines = machines;
        this.volumes = volumes;
        this.region = region;
        this.nodes = nodes;
    }

    static Command.Builder receiver(Group group) {
        return Command.newBuilder()
                .setProtectReceiver(
                        ProtectReceiver.newBuilder()
                                .setGroup(group.id())
                                .setTerm(group.term())
                                .setLineage(group.lineage())
                                .addAllVolumes(group.protectedVolumes())
                                .setSourceNode(group.sourceNode()));
    }

    static Command.Builder source(Group group, String receiverAddress) {
        return Command.newBuilder()
                .setProtectSource(
                        ProtectSource.newBuilder()
                                .setGroup(group.id())
                                .setTerm(group.term())
                                .setLineage(group.lineage())
                                .addAllVolumes(group.protectedVolumes())
                                .setReceiverAddress(receiverAddress)
                                .setReceiverNode(group.receiverNode())
                                .setIntervalMillis(group.intervalMillis()));
    }

    @Override
    public void hello(Hello hello) {
        for (Group group : groups.receivedBy(hello.getNode())) {
            if (group.state().equals("protected") && nodes.connected(group.sourceNode())) {
                correct(group.id(), () -> connect(group, hello.getReplicationAddress()));
            }
        }
    }

    @Override
    public void report(String node, Report report) {
        for (SourceReport source : report.getSourcesList()) {
            Optional<Group> group = groups.find(source.getGroup());
            if (group.isPresent() && group.get().sourceNode().equals(node)) {
                checkSource(group.get(), source, report);
            }
        }
        for (ReceiverReport receiver : report.getReceiversList()) {
            Optional<Group> group = groups.find(receiver.getGroup());
            if (group.isPresent()
                    && group.get().receiverNode().equals(node)
                    && group.get().state().equals("protected")
                    && receiver.getTerm() < group.get().term()) {
                correct(group.get().id(), () -> nodes.ask(node, receiver(group.get()), Nodes.SOON));
            }
        }
    }

    private void checkSource(Group group, SourceReport source, Report report) {
        if (group.promoted()) {
            if (!source.getReleased() || source.getTerm() < group.term() || writes(group, report)) {
                correct(group.id(), () -> fence(group, report));
            }
        } else if (group.state().equals("protected") && source.getTerm() < group.term()) {
            correct(
                    group.id(),
                    () -> {
                        connect(
                                group,
                                region.requireNode(group.receiverNode()).replicationAddress());
                        resume(group, report);
                    });
        }
    }

    /// Whether the old place still runs a machine of the group, or a volume of it still has a holder.
    private boolean writes(Group group, Report report) {
        boolean runs =
                report.getMachinesList().stream()
                        .anyMatch(machine ->
                                machine.getState() == MachineState.MACHINE_RUNNING
                                        && group.machines().contains(machine.getMachine())
                                        && movedFrom(machine.getMachine(), group.sourceNode()));
        return runs
                || group.volumes().stream()
                        .anyMatch(member ->
                                volumes.find(member.volume())
                                        .filter(volume -> volume.holder() != null)
                                        .isPresent());
    }

    /// In the order of the promises: no write is acknowledged, no connection is left, no guest goes on.
    private void fence(Group group, Report report) {
        String node = group.sourceNode();
        LOG.info("group {}: node {} comes back in an old role and is fenced", group.id(), node);
        nodes.ask(
                node,
                Command.newBuilder()
                        .setReleaseSource(
                                ReleaseSource.newBuilder()
                                        .setGroup(group.id())
                                        .setTerm(group.term())),
                Nodes.SOON);
        group.volumes().forEach(member -> volumes.attach(member.volume(), null));
        for (MachineReport machine : report.getMachinesList()) {
            if (machine.getState() == MachineState.MACHINE_RUNNING
                    && group.machines().contains(machine.getMachine())
                    && movedFrom(machine.getMachine(), node)) {
                machines.halt(node, machine.getMachine(), StopMode.PAUSE, 0);
            }
        }
    }

    private boolean movedFrom(String machine, String node) {
        return machines.find(machine).filter(found -> !found.node().equals(node)).isPresent();
    }

    private void connect(Group group, String receiverAddress) {
        nodes.ask(group.sourceNode(), source(group, receiverAddress), Nodes.SOON);
    }

    /// A release that was taken back had paused the guests.
    private void resume(Group group, Report report) {
        for (MachineReport machine : report.getMachinesList()) {
            boolean wanted =
                    group.machines().contains(machine.getMachine())
                            && machines.find(machine.getMachine())
                                    .map(Machine::wanted)
                                    .filter("running"::equals)
                                    .isPresent();
            if (wanted && machine.getState() == MachineState.MACHINE_PAUSED) {
                machines.resume(group.sourceNode(), machine.getMachine());
            }
        }
    }

    /// Beside the reports, one correction of a group at a time; what fails is seen and tried again with the next report.
    private void correct(String group, Runnable correction) {
        if (!busy.add(group)) {
            return;
        }
        Thread.ofVirtual()
                .name("role-" + group)
                .start(() -> {
                    try {
                        correction.run();
                    } catch (RuntimeException e) {
                        LOG.warn("group {} could not be corrected yet: {}", group, e.getMessage());
                    } finally {
                        busy.remove(group);
                    }
                });
    }
}
