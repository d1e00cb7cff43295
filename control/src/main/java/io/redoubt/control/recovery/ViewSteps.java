// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.compute.Machine;
import io.redoubt.control.compute.Machines;
import io.redoubt.control.gateway.Nodes;
import io.redoubt.protocol.Attachment;
import io.redoubt.protocol.CloseView;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.EnsureMachine;
import io.redoubt.protocol.MachineDisk;
import io.redoubt.protocol.ViewVolume;
import io.redoubt.workflow.RetryLater;
import io.redoubt.workflow.Step;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/// The steps that a test and a live failover share: a view, machines on it, a guest that answers.
final class ViewSteps {
    /// How long a guest may boot before the failover is called done without it.
    private static final Duration GUEST_WAIT_MAX = Duration.ofMinutes(5);

    private static final Duration AGAIN = Duration.ofMillis(100);

    private ViewSteps() {}

    /// What every failover's workflow is given.
    record OneFailover(String id) {}

    record OpenView(Failovers failovers, Groups groups, Nodes nodes) implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {
            Failover failover = failovers.find(input.id()).orElseThrow();
            var open =
                    io.redoubt.protocol.OpenView.newBuilder()
                            .setView(failover.view())
                            .setGroup(failover.group())
                            .setCut(failover.point().number())
                            .addAllVolumes(
                                    failover.disks().stream().map(ViewSteps::viewVolume).toList());
            if (failover.kind() == Failover.Kind.TEST) {
                open.setTest(true).setQuotaBytes(quota(failover));
            } else {
                open.setTerm(failover.term());
            }
            nodes.tell(failover.node(), Command.newBuilder().setOpenView(open), Nodes.LONG);
            failovers.stamp(input.id(), Failovers.Stamp.VIEW_OPEN, Instant.now());
        }

        /// A test may write half of what the volumes hold.
        private long quota(Failover failover) {
            return groups.find(failover.group()).orElseThrow().volumes().stream()
                            .mapToLong(Group.Member::sizeBytes)
                            .sum()
                    / 2;
        }

        @Override
        public void undo(OneFailover input) {
            failovers.find(input.id()).ifPresent(failover -> close(nodes, failover));
        }
    }

    /// @param paused whether the CPUs wait for the promotion; a test has none to wait for
    record PrepareMachines(Failovers failovers, Machines machines, Nodes nodes, boolean paused)
            implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {
            Failover failover = failovers.find(input.id()).orElseThrow();
            for (Failover.Copy copy : failover.machines()) {
                Machine machine = machines.find(copy.copy()).orElseThrow();
                List<MachineDisk> disks =
                        Failovers.disksOf(failover, copy.copy()).stream()
                                .map(ViewSteps::disk)
                                .toList();
                EnsureMachine description =
                        machines.description(machine, disks, paused && machine.nic(), paused);
                nodes.tell(
                        failover.node(),
                        Command.newBuilder().setEnsureMachine(description),
                        Nodes.LONG);
            }
            if (!paused) {
                failovers.stamp(input.id(), Failovers.Stamp.STARTED, Instant.now());
            }
        }

        @Override
        public void undo(OneFailover input) {
            failovers
                    .find(input.id())
                    .ifPresent(failover ->
                            failover.machines()
                                    .forEach(
                                            copy -> machines.remove(failover.node(), copy.copy())));
        }
    }

    record RecordActive(Failovers failovers) implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {
            failovers.state(input.id(), "active");
        }
    }

    /// Last and without a veto: a guest that does not answer is for its owner to look at, the failover stands.
    record AwaitGuest(Failovers failovers, Machines machines) implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {
            Failover failover = failovers.find(input.id()).orElseThrow();
            Instant ready = Instant.EPOCH;
            for (Failover.Copy copy : failover.machines()) {
                Instant answered =
                        machines.find(copy.copy()).map(Machine::guestReadyAt).orElse(null);
                if (answered == null) {
                    if (waitedEnough(failover)) {
                        return;
                    }
                    throw new RetryLater(new RecoveryFault.GuestBooting(copy.copy()), AGAIN);
                }
                ready = answered.isAfter(ready) ? answered : ready;
            }
            failovers.stamp(input.id(), Failovers.Stamp.GUEST_READY, ready);
        }

        private static boolean waitedEnough(Failover failover) {
            Instant started = failover.startedAt();
            return started != null && started.plus(GUEST_WAIT_MAX).isBefore(Instant.now());
        }

        @Override
        public Duration patience() {
            return GUEST_WAIT_MAX.multipliedBy(2);
        }
    }

    static void close(Nodes nodes, Failover failover) {
        nodes.tell(
                failover.node(),
                Command.newBuilder()
                        .setCloseView(
                                CloseView.newBuilder()
                                        .setView(failover.view())
                                        .setGroup(failover.group())),
                Nodes.LONG);
    }

    /// A view's volume begins its life at its first attachment.
    private static Attachment first(Failover.Disk disk) {
        return Attachment.newBuilder().setNumber(1).setNonce(disk.nonce()).build();
    }

    private static ViewVolume viewVolume(Failover.Disk disk) {
        return ViewVolume.newBuilder()
                .setVolume(disk.volume())
                .setViewVolume(disk.viewVolume())
                .setAttachment(first(disk))
                .setHolder(disk.copy())
                .build();
    }

    private static MachineDisk disk(Failover.Disk disk) {
        return MachineDisk.newBuilder()
                .setVolume(disk.viewVolume())
                .setAttachment(first(disk))
                .build();
    }
}
