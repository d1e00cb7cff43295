// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.compute.Machines;
import io.redoubt.control.gateway.NodeFault;
import io.redoubt.control.gateway.Nodes;
import io.redoubt.control.recovery.Reversals.Reversal;
import io.redoubt.control.region.Region;
import io.redoubt.control.storage.Volumes;
import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.AdoptedVolume;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.Delta;
import io.redoubt.protocol.DropJournal;
import io.redoubt.protocol.Fork;
import io.redoubt.protocol.HydrateVolume;
import io.redoubt.protocol.HydrationReport;
import io.redoubt.protocol.HydrationState;
import io.redoubt.protocol.ProtectReceiver;
import io.redoubt.protocol.ProtectSource;
import io.redoubt.protocol.ProtectedVolume;
import io.redoubt.protocol.ReleaseSource;
import io.redoubt.protocol.TellUnshipped;
import io.redoubt.protocol.VolumeDelta;
import io.redoubt.workflow.RetryLater;
import io.redoubt.workflow.Step;
import io.redoubt.workflow.Workflow;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/// The order in which a group turns round after its commit (replication design, rule 35).
///
/// The old side is cleared of what still holds its volumes, and made whole; both sides say what they know of the difference, and that is durable
/// here before anything forgets it. Then the old node adopts its volumes: a refusal until there takes everything back, afterwards every step only
/// goes forward. The roles are swapped, and the new source is told what differs before it streams.
@Configuration(proxyBeanMethods = false)
class ReverseWorkflow {
    /// Copying what an old volume still reads from its template.
    private static final Duration WHOLE_PATIENCE = Duration.ofDays(1);

    private static final Duration NO_WAY_BACK = Duration.ofDays(365);
    private static final Duration AGAIN = Duration.ofMillis(500);

    /// For each volume; the message stays below a megabyte.
    private static final int RANGES_MAX = 8000;

    record OneReversal(String failover) {}

    @Bean
    Workflow<OneReversal> reverse(
            Reversals reversals,
            Groups groups,
            Machines machines,
            Volumes volumes,
            Region region,
            Nodes nodes,
            Grants grants,
            EndedGroups endedGroups,
            Retentions retentions) {
        return Workflow.named("protection-group.reverse", OneReversal.class)
                .step(noting(reversals, new ClearOldSide(reversals, machines, volumes, nodes)))
                .step(noting(reversals, new MakeWhole(reversals, nodes)))
                .step(noting(reversals, new AskWhatDiffers(reversals, groups, nodes)))
                .step(noting(reversals, new Adopt(reversals, groups, nodes)))
                .step(new SwapRoles(reversals, grants))
                .step(new LetOthersGo(reversals, groups, endedGroups))
                .step(new SayRetention(reversals, retentions))
                .step(new ConnectNewSource(reversals, groups, region, nodes))
                .step(new BeginCopying(reversals, nodes))
                .step(new RecordReversed(reversals));
    }

    /// A step until the adoption: whatever it meets is told as what was in the way.
    private static Step<OneReversal> noting(Reversals reversals, Step<OneReversal> step) {
        return new Noting(reversals, step);
    }

    record Noting(Reversals reversals, Step<OneReversal> step) implements Step<OneReversal> {
        @Override
        public String name() {
            return step.name();
        }

        @Override
        public void run(OneReversal input) {
            try {
                step.run(input);
            } catch (FaultException | RetryLater e) {
                reversals.inTheWay(input.failover(), String.valueOf(e.getMessage()));
                throw e;
            }
        }

        @Override
        public void undo(OneReversal input) {
            step.undo(input);
        }

        @Override
        public Duration patience() {
            return step.patience();
        }
    }

    @Bean
    Workflow<OneReversal> giveUpReversal(Reversals reversals, Nodes nodes) {
        return Workflow.named("protection-group.give-up-reversal", OneReversal.class)
                .step(new HandBack(reversals, nodes))
                .step(new ForgetReversal(reversals));
    }

    /// Whatever the old node began: its volumes are its own again. It says so, because only it knows.
    record HandBack(Reversals reversals, Nodes nodes) implements Step<OneReversal> {
        @Override
        public void run(OneReversal input) {
            Reversal reversal = reversals.require(input.failover());
            var drop =
                    DropJournal.newBuilder()
                            .setGroup(reversal.failover().group())
                            .setLineage(reversal.lineage())
                            .setUnbegun(true);
            nodes.tell(reversal.node(), Command.newBuilder().setDropJournal(drop), Nodes.LONG);
        }

        @Override
        public void undo(OneReversal input) {
            reversals.notGivenUp(input.failover());
        }
    }

    record ForgetReversal(Reversals reversals) implements Step<OneReversal> {
        @Override
        public void run(OneReversal input) {
            reversals.forget(input.failover());
        }
    }

    /// Nobody may attach to the old volumes, and what is left of the old machines goes.
    record ClearOldSide(Reversals reversals, Machines machines, Volumes volumes, Nodes nodes)
            implements Step<OneReversal> {
        @Override
        public void run(OneReversal input) {
            Reversal reversal = reversals.require(input.failover());
            Failover failover = reversal.failover();
            var release =
                    ReleaseSource.newBuilder()
                            .setGroup(failover.group())
                            .setTerm(failover.term())
                            .build();
            for (String node : reversal.oldNodes()) {
                release(node, release);
                failover.machines().forEach(machine -> machines.remove(node, machine.machine()));
            }
            failover.disks().forEach(disk -> volumes.attach(disk.volume(), null));
        }

        private void release(String node, ReleaseSource release) {
            try {
                nodes.tell(node, Command.newBuilder().setReleaseSource(release), Nodes.SOON);
            } catch (FaultException e) {
                if (!(e.fault() instanceof NodeFault.Refused)) {
                    throw e;
                }
                // It knows its part no more, so it has nothing to release: what differs is unknown.
            }
        }

        @Override
        public void undo(OneReversal input) {
            reversals.refused(input.failover());
        }
    }

    record MakeWhole(Reversals reversals, Nodes nodes) implements Step<OneReversal> {
        @Override
        public void run(OneReversal input) {
            Reversal reversal = reversals.require(input.failover());
            for (Failover.Disk disk : reversal.adopted()) {
                HydrationReport report =
                        nodes.tell(
                                        reversal.node(),
                                        Command.newBuilder()
                                                .setHydrateVolume(
                                                        HydrateVolume.newBuilder()
                                                                .setVolume(disk.volume())),
                                        Nodes.SOON)
                                .getHydration();
                if (report.getState() != HydrationState.HYDRATION_COMPLETE) {
                    throw new RetryLater(
                            new RecoveryFault.NotWhole(
                                    disk.volume(), report.getDoneBytes(), report.getTotalBytes()),
                            AGAIN);
                }
            }
        }

        @Override
        public Duration patience() {
            return WHOLE_PATIENCE;
        }
    }

    record AskWhatDiffers(Reversals reversals, Groups groups, Nodes nodes)
            implements Step<OneReversal> {
        @Override
        public void run(OneReversal input) {
            Reversal reversal = reversals.require(input.failover());
            Failover failover = reversal.failover();
            Group group = groups.find(failover.group()).orElseThrow();
            var fork =
                    Fork.newBuilder()
                            .setParent(group.lineage())
                            .setPoint(failover.point().number())
                            .putAllVseqs(MoveWorkflow.CompareWithPoint.held(nodes, failover));
            reversals.known(input.failover(), fork.build(), delta(reversal));
        }

        private Delta delta(Reversal reversal) {
            Failover failover = reversal.failover();
            var delta = Delta.newBuilder().setPoint(failover.point().number());
            failover.disks().stream()
                    .filter(disk -> reversal.whole().contains(disk.volume()))
                    .forEach(disk -> delta.addWhole(disk.viewVolume()));
            try {
                var tell =
                        TellUnshipped.newBuilder()
                                .setGroup(failover.group())
                                .setTerm(failover.term())
                                .setLimit(RANGES_MAX);
                List<VolumeDelta> told =
                        nodes.tell(
                                        reversal.node(),
                                        Command.newBuilder().setTellUnshipped(tell),
                                        Nodes.LONG)
                                .getUnshippedTold()
                                .getVolumesList();
                Map<String, String> names = new HashMap<>();
                failover.disks().forEach(disk -> names.put(disk.volume(), disk.viewVolume()));
                for (VolumeDelta each : told) {
                    delta.addVolumes(
                            each.toBuilder()
                                    .setVolume(names.getOrDefault(each.getOldVolume(), "")));
                }
            } catch (FaultException e) {
                if (!(e.fault() instanceof NodeFault.Refused)) {
                    throw e;
                }
                delta.setUnknown(e.getMessage());
            }
            return delta.build();
        }
    }

    /// A refusal changes nothing at the node; an answer that is lost is asked for again, because the node may have done it.
    record Adopt(Reversals reversals, Groups groups, Nodes nodes) implements Step<OneReversal> {
        @Override
        public void run(OneReversal input) {
            Reversal reversal = reversals.require(input.failover());
            Failover failover = reversal.failover();
            Group group = groups.find(failover.group()).orElseThrow();
            var told =
                    ProtectReceiver.newBuilder()
                            .setGroup(group.id())
                            .setTerm(reversal.term())
                            .setLineage(reversal.lineage())
                            .setMembership(group.membership() + 1) // as of the swap
                            .addSourceNodes(failover.node())
                            .setTenant(group.tenant())
                            .setFork(Objects.requireNonNull(reversal.fork()));
            failover.disks().forEach(disk -> told.addVolumes(member(group, disk)));
            for (Failover.Disk disk : reversal.adopted()) {
                told.addAdopted(
                        AdoptedVolume.newBuilder()
                                .setVolume(disk.viewVolume())
                                .setHere(disk.volume()));
            }
            nodes.tell(reversal.node(), Command.newBuilder().setProtectReceiver(told), Nodes.LONG);
        }

        private static ProtectedVolume member(Group group, Failover.Disk disk) {
            long size =
                    group.volumes().stream()
                            .filter(volume ->
                                    volume.volume().equals(disk.volume())
                                            || volume.volume().equals(disk.viewVolume()))
                            .findFirst()
                            .orElseThrow()
                            .sizeBytes();
            return ProtectedVolume.newBuilder()
                    .setVolume(disk.viewVolume())
                    .setSizeBytes(size)
                    .build();
        }

        @Override
        public Duration patience() {
            return NO_WAY_BACK;
        }
    }

    record SwapRoles(Reversals reversals, Grants grants) implements Step<OneReversal> {
        @Override
        public void run(OneReversal input) {
            reversals.swap(input.failover());
            grants.open(reversals.require(input.failover()).failover().group());
        }

        @Override
        public Duration patience() {
            return NO_WAY_BACK;
        }
    }

    /// The old nodes that do not keep the journal: their volumes are nobody's part any more, and stay as they were left. One that is away is told
    /// when it comes back.
    record LetOthersGo(Reversals reversals, Groups groups, EndedGroups endedGroups)
            implements Step<OneReversal> {
        @Override
        public void run(OneReversal input) {
            Reversal reversal = reversals.require(input.failover());
            Group group = groups.find(reversal.failover().group()).orElseThrow();
            for (String node : reversal.oldNodes()) {
                if (!node.equals(reversal.node())) {
                    endedGroups.endAtOrLater(group, node);
                }
            }
        }

        @Override
        public Duration patience() {
            return NO_WAY_BACK;
        }
    }

    record SayRetention(Reversals reversals, Retentions retentions) implements Step<OneReversal> {
        @Override
        public void run(OneReversal input) {
            String group = reversals.require(input.failover()).failover().group();
            FailoverWorkflows.onlyForward(() -> retentions.tell(group));
        }

        @Override
        public Duration patience() {
            return NO_WAY_BACK;
        }
    }

    record ConnectNewSource(Reversals reversals, Groups groups, Region region, Nodes nodes)
            implements Step<OneReversal> {
        @Override
        public void run(OneReversal input) {
            Reversal reversal = reversals.require(input.failover());
            Group group = groups.find(reversal.failover().group()).orElseThrow();
            ProtectSource told =
                    Roles.source(
                                    group,
                                    reversal.failover().node(),
                                    node -> region.requireNode(node).replicationAddress())
                            .toBuilder()
                            .setDelta(Objects.requireNonNull(reversal.delta()))
                            .build();
            FailoverWorkflows.onlyForward(() ->
                    reversals.compared(
                            input.failover(),
                            nodes.tell(
                                            reversal.failover().node(),
                                            Command.newBuilder().setProtectSource(told),
                                            Nodes.LONG)
                                    .getSourceProtected()
                                    .getCompared()));
        }

        @Override
        public Duration patience() {
            return NO_WAY_BACK;
        }
    }

    /// Only now: what differs was told by what the volumes held of their own. From here on they come off the old journal, in the background.
    record BeginCopying(Reversals reversals, Nodes nodes) implements Step<OneReversal> {
        @Override
        public void run(OneReversal input) {
            Failover failover = reversals.require(input.failover()).failover();
            for (Failover.Disk disk : failover.disks()) {
                FailoverWorkflows.onlyForward(() -> {
                    HydrationReport _ =
                            JournalWorkflows.copy(nodes, failover.node(), disk.viewVolume());
                });
            }
        }

        @Override
        public Duration patience() {
            return NO_WAY_BACK;
        }
    }

    record RecordReversed(Reversals reversals) implements Step<OneReversal> {
        @Override
        public void run(OneReversal input) {
            reversals.ended(input.failover());
        }
    }
}
