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
import io.redoubt.protocol.SourcePeer;
import io.redoubt.protocol.SourceReport;
import io.redoubt.protocol.StopMode;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/// Keeps every node in the role that was decided last: reads what it reports, compares, corrects.
///
/// A source whose group was promoted elsewhere is released, its volumes are fenced and what it still runs is paused; a side that knows
/// an older term is told the present one, and one that knows an older word about isolation the present one, each in its turn; a source that looks for the receiver or for another source where it is not is told where it is, and one that keeps to another limit is told the present one.
/// Each source is compared and corrected for itself: one that is away keeps no other from its role. A group that we do not know is left
/// alone: our database may be an old one, and a journal is not ours to delete by mistake.
@Component
class Roles implements NodeListener {
    private static final Logger LOG = LoggerFactory.getLogger(Roles.class);

    private final Groups groups;
    private final Machines machines;
    private final Volumes volumes;
    private final Region region;
    private final Nodes nodes;
    private final Map<String, String> addresses = new ConcurrentHashMap<>(); // by node
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
                                .addAllSourceNodes(
                                        group.sources().stream().map(Group.Source::node).toList())
                                .addAllSourceNodes(
                                        group.leavingSources()) // not cut off before they know
                                .setMembership(group.membership())
                                .setTenant(group.tenant())
                                .setIsolation(
                                        WhenIsolated.told(group.whenIsolated().forReceiver())));
    }

    /// What one of the group's sources is told.
    ///
    /// @param address of a node, where it takes streams
    static ProtectSource source(Group group, String node, UnaryOperator<String> address) {
        var source =
                ProtectSource.newBuilder()
                        .setGroup(group.id())
                        .setTerm(group.term())
                        .setLineage(group.lineage())
                        .setMembership(group.membership())
                        .addAllVolumes(group.protectedVolumesOn(node))
                        .setReceiverAddress(address.apply(group.receiverNode()))
                        .setReceiverNode(group.receiverNode())
                        .setIntervalMillis(group.intervalMillis())
                        .setBytesPerSecond(
                                Math.ceilDiv(group.streamBytesPerSecond(), group.sources().size()))
                        .setIsolation(WhenIsolated.told(group.whenIsolated().forSource()))
                        .setSourceNode(node);
        for (Group.Source peer : group.sources()) {
            if (!peer.node().equals(node)) {
                source.addPeers(
                        SourcePeer.newBuilder()
                                .setNode(peer.node())
                                .setAddress(address.apply(peer.node())));
            }
        }
        return source.build();
    }

    /// Whoever looks for the node elsewhere is corrected at its next report.
    @Override
    public void hello(Hello hello) {
        addresses.put(hello.getNode(), hello.getReplicationAddress());
    }

    private String address(String node) {
        return addresses.computeIfAbsent(
                node, missing -> region.requireNode(missing).replicationAddress());
    }

    @Override
    public void report(String node, Report report) {
        for (SourceReport source : report.getSourcesList()) {
            Optional<Group> group = groups.find(source.getGroup());
            if (group.isPresent() && group.get().hasSource(node)) {
                checkSource(group.get(), node, source, report);
            }
        }
        for (ReceiverReport receiver : report.getReceiversList()) {
            Optional<Group> group = groups.find(receiver.getGroup());
            if (group.isPresent()
                    && group.get().receiverNode().equals(node)
                    && group.get().state().equals("protected")) {
                if (receiver.getIsolation().getVersion() > group.get().whenIsolated().receiver()) {
                    groups.receiverKnows(
                            group.get().id(), node, receiver.getIsolation().getVersion());
                }
                boolean knows =
                        receiver.getTerm() >= group.get().term()
                                && receiver.getMembership() >= group.get().membership()
                                && receiver.getIsolation().getVersion()
                                        >= group.get().whenIsolated().forReceiver().version();
                if (!knows) {
                    correct(
                            group.get(),
                            node,
                            () -> nodes.ask(node, receiver(group.get()), Nodes.SOON));
                }
            }
        }
    }

    private void checkSource(Group group, String node, SourceReport source, Report report) {
        if (group.promoted()) {
            if (!source.getReleased()
                    || source.getTerm() < group.term()
                    || writes(group, node, report)) {
                correct(group, node, () -> fence(group, node, report));
            }
        } else if (group.state().equals("protected")) {
            ProtectSource wanted = source(group, node, this::address);
            if (source.getTerm() < group.term()) {
                correct(
                        group,
                        node,
                        () -> {
                            connect(node, wanted);
                            resume(group, node, report);
                        });
            } else if (!group.takesIn() && !knowsTheRest(source, wanted)) {
                correct(group, node, () -> connect(node, wanted));
            }
        }
    }

    private static boolean knowsTheRest(SourceReport source, ProtectSource wanted) {
        return source.getMembership() >= wanted.getMembership()
                && source.getReceiverAddress().equals(wanted.getReceiverAddress())
                && source.getPeersList().equals(wanted.getPeersList())
                && source.getBytesPerSecond() == wanted.getBytesPerSecond()
                && source.getIsolation().getVersion() >= wanted.getIsolation().getVersion();
    }

    /// Whether the old place still runs a machine of the group, or a volume of it there still has a holder.
    private boolean writes(Group group, String node, Report report) {
        boolean runs =
                report.getMachinesList().stream()
                        .anyMatch(machine ->
                                machine.getState() == MachineState.MACHINE_RUNNING
                                        && group.machines().contains(machine.getMachine())
                                        && movedFrom(machine.getMachine(), node));
        return runs
                || group.volumesOn(node).stream()
                        .anyMatch(member ->
                                volumes.find(member.volume())
                                        .filter(volume -> volume.holder() != null)
                                        .isPresent());
    }

    /// In the order of the promises: no write is acknowledged, no connection is left, no guest goes on.
    private void fence(Group group, String node, Report report) {
        LOG.info("group {}: node {} comes back in an old role and is fenced", group.id(), node);
        nodes.ask(
                node,
                Command.newBuilder()
                        .setReleaseSource(
                                ReleaseSource.newBuilder()
                                        .setGroup(group.id())
                                        .setTerm(group.term())),
                Nodes.SOON);
        if (groups.find(group.id()).filter(now -> now.term() == group.term()).isEmpty()) {
            return; // taken back since: the disks are their machines' again
        }
        group.volumesOn(node).forEach(member -> volumes.attach(member.volume(), null));
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

    private void connect(String node, ProtectSource wanted) {
        nodes.ask(node, Command.newBuilder().setProtectSource(wanted), Nodes.SOON);
    }

    /// A release that was taken back had paused the guests.
    private void resume(Group group, String node, Report report) {
        for (MachineReport machine : report.getMachinesList()) {
            boolean wanted =
                    group.machines().contains(machine.getMachine())
                            && machines.find(machine.getMachine())
                                    .map(Machine::wanted)
                                    .filter("running"::equals)
                                    .isPresent();
            if (wanted && machine.getState() == MachineState.MACHINE_PAUSED) {
                machines.resume(node, machine.getMachine());
            }
        }
    }

    /// Beside the reports, one correction of a group's side at a time; what fails is seen and tried again with the next report.
    private void correct(Group group, String node, Runnable correction) {
        String side = group.id() + "/" + node;
        if (!busy.add(side)) {
            return;
        }
        Thread.ofVirtual()
                .name("role-" + side)
                .start(() -> {
                    try {
                        correction.run();
                    } catch (RuntimeException e) {
                        LOG.warn(
                                "group {} could not be corrected at node {} yet: {}",
                                group.id(),
                                node,
                                e.getMessage());
                    } finally {
                        busy.remove(side);
                    }
                });
    }
}
