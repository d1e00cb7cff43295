// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.compute.Machine;
import io.redoubt.control.compute.Machines;
import io.redoubt.control.gateway.Nodes;
import io.redoubt.control.recovery.ViewSteps.OneFailover;
import io.redoubt.control.region.Region;
import io.redoubt.control.storage.Volumes;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.ReleaseSource;
import io.redoubt.protocol.RollBackReceiver;
import io.redoubt.workflow.Step;
import io.redoubt.workflow.Workflow;
import java.time.Duration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/// The order in which a failover is taken back before its commit (replication design, rule 34).
///
/// First the old side must answer, as the released side that it is; until then nothing has changed. Then the machines end where they are and
/// the view goes with what they wrote: from there on nobody writes, and every further step only goes forward, however long that takes. Only
/// then the old side is granted to again, under a later term, and its machines start on the volumes as they stood.
@Configuration(proxyBeanMethods = false)
class RollbackWorkflow {
    private static final Duration NO_WAY_BACK = Duration.ofDays(365);

    @Bean
    Workflow<OneFailover> rollBack(
            Failovers failovers,
            Rollbacks rollbacks,
            Groups groups,
            Machines machines,
            Volumes volumes,
            Region region,
            Nodes nodes,
            Grants grants) {
        return Workflow.named("failover.roll-back", OneFailover.class)
                .step(new RequireOldSide(failovers, rollbacks, nodes))
                .step(new EndMachines(failovers, machines))
                .step(new DropWrites(failovers, nodes))
                .step(new TakeBack(failovers, rollbacks, grants))
                .step(new RollBackJournal(failovers, groups, nodes))
                .step(new ResumeSources(failovers, groups, region, nodes))
                .step(new StartMachines(failovers, machines, volumes))
                .step(new RecordRolledBack(failovers, groups));
    }

    /// Each source says once more that it has released; one that never heard of the failover hears of it now. The receiver says that it knows
    /// of no commit.
    record RequireOldSide(Failovers failovers, Rollbacks rollbacks, Nodes nodes)
            implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {
            Failover failover = failovers.find(input.id()).orElseThrow();
            var release =
                    ReleaseSource.newBuilder()
                            .setGroup(failover.group())
                            .setTerm(failover.term())
                            .build();
            nodes.tell(
                    failover.node(),
                    Command.newBuilder()
                            .setRollBackReceiver(
                                    RollBackReceiver.newBuilder()
                                            .setGroup(failover.group())
                                            .setPreview(true)),
                    Nodes.SOON);
            for (Failover.Release source : failover.releases()) {
                nodes.tell(
                        source.node(), Command.newBuilder().setReleaseSource(release), Nodes.SOON);
            }
        }

        @Override
        public void undo(OneFailover input) {
            rollbacks.giveUp(failovers.find(input.id()).orElseThrow());
        }
    }

    record EndMachines(Failovers failovers, Machines machines) implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {
            Failover failover = failovers.find(input.id()).orElseThrow();
            failover.machines()
                    .forEach(machine ->
                            FailoverWorkflows.onlyForward(
                                    () -> machines.remove(failover.node(), machine.copy())));
        }

        @Override
        public Duration patience() {
            return NO_WAY_BACK;
        }
    }

    record DropWrites(Failovers failovers, Nodes nodes) implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {
            Failover failover = failovers.find(input.id()).orElseThrow();
            FailoverWorkflows.onlyForward(() -> ViewSteps.close(nodes, failover));
        }

        @Override
        public Duration patience() {
            return NO_WAY_BACK;
        }
    }

    record TakeBack(Failovers failovers, Rollbacks rollbacks, Grants grants)
            implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {
            Failover failover = failovers.find(input.id()).orElseThrow();
            rollbacks.takeBack(failover);
            grants.open(failover.group());
        }

        @Override
        public Duration patience() {
            return NO_WAY_BACK;
        }
    }

    record RollBackJournal(Failovers failovers, Groups groups, Nodes nodes)
            implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {
            Failover failover = failovers.find(input.id()).orElseThrow();
            Group group = groups.find(failover.group()).orElseThrow();
            var rollBack = RollBackReceiver.newBuilder().setGroup(group.id()).setTerm(group.term());
            FailoverWorkflows.onlyForward(() ->
                    nodes.tell(
                            failover.node(),
                            Command.newBuilder().setRollBackReceiver(rollBack),
                            Nodes.SOON));
        }

        @Override
        public Duration patience() {
            return NO_WAY_BACK;
        }
    }

    record ResumeSources(Failovers failovers, Groups groups, Region region, Nodes nodes)
            implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {
            Failover failover = failovers.find(input.id()).orElseThrow();
            Group group = groups.find(failover.group()).orElseThrow();
            FailoverWorkflows.onlyForward(
                    () -> GroupWorkflows.connectSources(nodes, region, group));
        }

        @Override
        public Duration patience() {
            return NO_WAY_BACK;
        }
    }

    /// A new start on every disk: what a replaced QEMU still holds is not resumed, its disks were taken from it.
    record StartMachines(Failovers failovers, Machines machines, Volumes volumes)
            implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {
            Failover failover = failovers.find(input.id()).orElseThrow();
            for (Failover.Copy copy : failover.machines()) {
                machines.find(copy.copy())
                        .ifPresent(machine -> FailoverWorkflows.onlyForward(() -> start(machine)));
            }
        }

        private void start(Machine machine) {
            machines.remove(machine.node(), machine.id());
            machine.disks().forEach(disk -> volumes.attach(disk, machine.id()));
            if (machine.wanted().equals("running")) {
                machines.start(machine);
            }
        }

        @Override
        public Duration patience() {
            return NO_WAY_BACK;
        }
    }

    record RecordRolledBack(Failovers failovers, Groups groups) implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {
            failovers.state(input.id(), "rolled-back");
            groups.state(failovers.find(input.id()).orElseThrow().group(), "protected");
        }
    }
}
