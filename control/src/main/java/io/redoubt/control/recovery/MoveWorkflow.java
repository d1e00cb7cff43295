// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.compute.Machine;
import io.redoubt.control.compute.Machines;
import io.redoubt.control.gateway.Nodes;
import io.redoubt.control.recovery.ViewSteps.OneFailover;
import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.ListPoints;
import io.redoubt.protocol.Point;
import io.redoubt.workflow.RetryLater;
import io.redoubt.workflow.Step;
import io.redoubt.workflow.Workflow;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/// The order of a planned move (replication design, rule 36): the machines stop, the last cut drains and is published, every source
/// releases, what it released is compared with what the point holds, and only then the other side is promoted.
///
/// Until the promotion every failure starts the machines again where they were. It is not an emergency: a source that does not answer ends
/// the move, its grants are not waited for.
@Configuration(proxyBeanMethods = false)
class MoveWorkflow {
    /// How long a guest may take to shut itself down before its power goes.
    private static final int GRACE_MILLIS = 30_000;

    private static final Duration STOP_PATIENCE = Duration.ofMinutes(1);

    /// What is on its way to the receiver when the machines stop must arrive in this time; they are down meanwhile.
    private static final Duration DRAIN_PATIENCE = Duration.ofMinutes(10);

    private static final Duration RELEASE_PATIENCE = Duration.ofSeconds(6);
    private static final Duration AGAIN = Duration.ofMillis(100);

    @Bean
    Workflow<OneFailover> plannedMove(
            Failovers failovers,
            Moves moves,
            Groups groups,
            Points points,
            PointOrders orders,
            Machines machines,
            Nodes nodes,
            Grants grants,
            Words words) {
        var ask = new FailoverWorkflows.AskRelease(failovers, nodes);
        return Workflow.named("failover.move", OneFailover.class)
                .step(new StopMachines(failovers, moves, groups, machines))
                .step(new LastCut(failovers, groups, points, nodes, orders))
                .step(new AwaitLastPoint(failovers, moves, points, orders))
                .step(new Decide(failovers, moves, groups, grants))
                .together(
                        List.of(
                                new FailoverWorkflows.StopReceiverGrants(failovers, nodes),
                                new RequireReleases(failovers, ask),
                                new CompareWithPoint(failovers, moves, nodes)),
                        List.of(
                                new ViewSteps.OpenView(failovers, groups, nodes),
                                new ViewSteps.PrepareMachines(failovers, machines, nodes, true)))
                .step(new FailoverWorkflows.Promote(failovers, groups, grants, words, nodes))
                .step(new FailoverWorkflows.MoveMachines(failovers))
                .step(new FailoverWorkflows.ResumeMachines(failovers, machines))
                .step(new FailoverWorkflows.RecordOutcome(failovers, groups))
                .step(new ViewSteps.AwaitGuest(failovers, machines));
    }

    /// All at the same time. The undo is the last of all: the machines start where they were, those that were to run.
    record StopMachines(Failovers failovers, Moves moves, Groups groups, Machines machines)
            implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {
            Failover failover = failovers.find(input.id()).orElseThrow();
            try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                List<CompletableFuture<Void>> stopping =
                        failover.machines().stream()
                                .filter(machine -> machine.stopped() == null)
                                .map(machine ->
                                        CompletableFuture.runAsync(
                                                () -> stop(failover, machine.machine()), threads))
                                .toList();
                FailoverWorkflows.joinAll(stopping);
            }
        }

        private void stop(Failover failover, String id) {
            Machine machine = machines.find(id).orElseThrow();
            // By this name the node knows the repetition and says again what it said.
            String command = failover.id() + "/" + id;
            moves.stopped(
                    failover.id(),
                    id,
                    Failover.Stop.of(machines.shutDown(command, machine.node(), id, GRACE_MILLIS)));
        }

        @Override
        public void undo(OneFailover input) {
            Failover failover = failovers.find(input.id()).orElseThrow();
            failovers.state(failover.id(), "failed");
            if (groups.find(failover.group()).orElseThrow().promoted()) {
                return; // somebody decided otherwise meanwhile, and that counts
            }
            failovers.forgetCopies(failover);
            for (Failover.Copy copy : failover.machines()) {
                machines.find(copy.machine())
                        .filter(machine -> machine.wanted().equals("running"))
                        .ifPresent(machines::start);
            }
        }

        @Override
        public Duration patience() {
            return STOP_PATIENCE;
        }
    }

    record LastCut(
            Failovers failovers, Groups groups, Points points, Nodes nodes, PointOrders orders)
            implements Step<OneFailover> {
        private static final PointOrders.Order ORDER =
                new PointOrders.Order("", false, "", 0, 0, null);

        @Override
        public void run(OneFailover input) {
            Failover failover = failovers.find(input.id()).orElseThrow();
            if (orders.find(input.id()).isEmpty()) {
                orders.add(input.id(), failover.group(), ORDER);
            }
            CutSteps.cutPlain(
                    groups.find(failover.group()).orElseThrow(),
                    points,
                    nodes,
                    orders,
                    new GroupWorkflows.OnePointNow(input.id(), failover.group()));
        }

        /// The point stays: it is as good as any other.
        @Override
        public void undo(OneFailover input) {
            orders.forget(input.id());
        }
    }

    record AwaitLastPoint(Failovers failovers, Moves moves, Points points, PointOrders orders)
            implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {
            Failover failover = failovers.find(input.id()).orElseThrow();
            new CutSteps.AwaitPublished(points, orders)
                    .run(new GroupWorkflows.OnePointNow(input.id(), failover.group()));
            long number = orders.require(input.id()).number();
            io.redoubt.control.recovery.Point point =
                    points.find(failover.group(), number)
                            .orElseThrow(() ->
                                    new RetryLater(
                                            new RecoveryFault.NotPublished(
                                                    failover.group(), number),
                                            AGAIN));
            moves.drained(input.id(), point);
        }

        @Override
        public Duration patience() {
            return DRAIN_PATIENCE;
        }
    }

    /// From here on it is a failover like any other, but for the release that it insists on.
    record Decide(Failovers failovers, Moves moves, Groups groups, Grants grants)
            implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {
            long term = moves.decide(input.id());
            grants.stop(failovers.find(input.id()).orElseThrow().group(), term);
        }

        /// The nodes hear of the later term with their next report, and the source goes on.
        @Override
        public void undo(OneFailover input) {
            Failover failover = failovers.find(input.id()).orElseThrow();
            failovers.state(failover.id(), "failed"); // a live one may be decided from now on
            boolean _ = groups.rollBack(failover.group(), failover.term());
            grants.open(failover.group()); // as it stands there, whoever took it back
        }
    }

    record RequireReleases(Failovers failovers, FailoverWorkflows.AskRelease ask)
            implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {
            ask.run(input);
            Failover failover = failovers.find(input.id()).orElseThrow();
            List<String> silent =
                    failover.releases().stream()
                            .filter(source -> !source.released())
                            .map(Failover.Release::node)
                            .toList();
            if (!silent.isEmpty()) {
                throw new RetryLater(
                        new RecoveryFault.NotReleased(failover.group(), silent), AGAIN);
            }
        }

        @Override
        public Duration patience() {
            return RELEASE_PATIENCE;
        }
    }

    /// What the sources say that they wrote last against what the receiver says that the point holds: only equal numbers lose nothing.
    record CompareWithPoint(Failovers failovers, Moves moves, Nodes nodes)
            implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {
            Failover failover = failovers.find(input.id()).orElseThrow();
            Map<String, Long> held = held(nodes, failover);
            Map<String, Long> written = failover.releasedVseqs();
            if (!held.equals(written)) {
                throw new FaultException(
                        new RecoveryFault.WrittenSince(
                                failover.group(), failover.point().number(), held, written));
            }
            moves.nothingLost(failover.id());
        }

        /// What the receiver says that the failover's point holds; nothing when it does not keep it.
        static Map<String, Long> held(Nodes nodes, Failover failover) {
            long number = failover.point().number();
            var list =
                    ListPoints.newBuilder()
                            .setGroup(failover.group())
                            .setAfter(number - 1)
                            .setLimit(1);
            return nodes
                    .tell(failover.node(), Command.newBuilder().setListPoints(list), Nodes.SOON)
                    .getPointsListed()
                    .getPointsList()
                    .stream()
                    .filter(point -> point.getNumber() == number)
                    .findFirst()
                    .map(Point::getVseqsMap)
                    .orElse(Map.of());
        }
    }
}
