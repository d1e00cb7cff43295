// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.database.RandomId;
import io.redoubt.control.gateway.Nodes;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.FreezeFailure;
import io.redoubt.protocol.LabelPoint;
import io.redoubt.protocol.TakePoint;
import io.redoubt.workflow.RetryLater;
import io.redoubt.workflow.Step;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// How a point that somebody ordered is cut once, and how it becomes known whether its guests were frozen for it.
///
/// The order's id is in the point. The receiver gives a second cut of it up, so whoever dies after the cut and before its answer, the order is told
/// again, and what counts is the point that has its id.
///
/// A point says that it is consistent for applications only after the nodes have said so, after the cut: until then, and if whoever asks them dies,
/// it is as good as any other and says why.
final class CutSteps {
    private static final Duration AGAIN = Duration.ofMillis(100);

    /// So often guests are frozen for a cut that nobody answers for; then it is made without.
    private static final int FREEZES_MAX = 3;

    private CutSteps() {}

    /// Whether the order has its cut, as far as is known here; then that is noted.
    private static boolean isCut(
            PointOrders orders, Points points, GroupWorkflows.OnePointNow input) {
        if (orders.require(input.order()).number() != 0) {
            return true;
        }
        Optional<Long> made = points.ofOrder(input.group(), input.order());
        made.ifPresent(number -> orders.cut(input.order(), number));
        return made.isPresent();
    }

    /// A cut for which no guest is frozen.
    static void cutPlain(
            Group group,
            Points points,
            Nodes nodes,
            PointOrders orders,
            GroupWorkflows.OnePointNow input) {
        if (!isCut(orders, points, input)) {
            TakePoint.Builder wish = wish(input, orders.require(input.order()));
            orders.cut(input.order(), cut(nodes, group, input.order(), wish, Nodes.SOON));
        }
    }

    private static long cut(
            Nodes nodes, Group group, String id, TakePoint.Builder wish, Duration within) {
        Command.Builder cut = Command.newBuilder().setId(id).setTakePoint(wish);
        return Coordinator.ask(nodes, group, cut, within).getPointTaken().getNumber();
    }

    private static TakePoint.Builder wish(
            GroupWorkflows.OnePointNow input, PointOrders.Order order) {
        return TakePoint.newBuilder()
                .setGroup(input.group())
                .setName(order.name())
                .setTakenBy(order.takenBy())
                .setOrder(input.order());
    }

    record CutNow(
            Groups groups, Points points, Nodes nodes, PointOrders orders, GuestFreezes freezes)
            implements Step<GroupWorkflows.OnePointNow> {
        @Override
        public void run(GroupWorkflows.OnePointNow input) {
            PointOrders.Order order = orders.require(input.order());
            Group group = groups.find(input.group()).orElseThrow();
            if (order.freezeMillis() == 0) {
                cutPlain(group, points, nodes, orders, input);
            } else if (!isCut(orders, points, input)) {
                cutFrozen(group, input, order);
            }
        }

        private void cutFrozen(
                Group group, GroupWorkflows.OnePointNow input, PointOrders.Order order) {
            if (group.sources().stream().noneMatch(Group.Source::makesCuts)) {
                // No guest is frozen for a cut that nobody can make now.
                throw new RetryLater(new RecoveryFault.NoCoordinator(group.name()), AGAIN);
            }
            if (orders.freezes(input.order()) > FREEZES_MAX) {
                List<FreezeFailure> failures =
                        group.machines().stream()
                                .map(machine ->
                                        FreezeFailure.newBuilder()
                                                .setMachine(machine)
                                                .setReason(
                                                        "no cut was made while guests were frozen, %d times"
                                                                .formatted(FREEZES_MAX))
                                                .build())
                                .toList();
                TakePoint.Builder wish = wish(input, order).addAllFreezeFailures(failures);
                orders.cut(input.order(), cut(nodes, group, input.order(), wish, Nodes.SOON));
                return;
            }
            String attempt = RandomId.next();
            GuestFreezes.Frozen frozen =
                    freezes.freeze(group, attempt, Duration.ofMillis(order.freezeMillis()));
            long number;
            try {
                // Under an id of its own, so that the answer is of a cut that was made since.
                number =
                        cut(
                                nodes,
                                group,
                                attempt,
                                wish(input, order).addAllFreezeFailures(frozen.beforeTheCut()),
                                GuestFreezes.CUT_MAX);
            } catch (RuntimeException e) {
                List<FreezeFailure> _ = freezes.thaw(frozen);
                throw e;
            }
            var proof = new PointOrders.Proof(freezes.thaw(frozen), volumes(group));
            orders.cut(input.order(), number, proof);
        }

        private static List<String> volumes(Group group) {
            return group.volumes().stream().map(Group.Member::volume).toList();
        }

        /// What was not to be had as it was wished for is not left behind.
        @Override
        public void undo(GroupWorkflows.OnePointNow input) {
            long number = orders.find(input.order()).map(PointOrders.Order::number).orElse(0L);
            long made = points.ofOrder(input.group(), input.order()).orElse(number);
            groups.find(input.group())
                    .filter(_ -> made != 0)
                    .ifPresent(group ->
                            new GroupWorkflows.DropPoint(points, nodes)
                                    .run(
                                            new GroupWorkflows.OnePoint(
                                                    group.id(), made, group.receiverNode())));
            orders.forget(input.order());
        }
    }

    /// The point of the order may be another one than the last cut that was answered for.
    record AwaitPublished(Points points, PointOrders orders)
            implements Step<GroupWorkflows.OnePointNow> {
        @Override
        public void run(GroupWorkflows.OnePointNow input) {
            long number = orders.require(input.order()).number();
            Optional<Long> made = points.ofOrder(input.group(), input.order());
            if (made.isPresent() && made.get() != number) {
                orders.cut(input.order(), made.get());
            } else if (made.isEmpty() && points.find(input.group(), number).isEmpty()) {
                throw new RetryLater(new RecoveryFault.NotPublished(input.group(), number), AGAIN);
            }
        }
    }

    /// The receiver keeps it; it may be told again. Without a proof the point goes on saying that nobody knows.
    record Label(Groups groups, Points points, Nodes nodes, PointOrders orders)
            implements Step<GroupWorkflows.OnePointNow> {
        @Override
        public void run(GroupWorkflows.OnePointNow input) {
            PointOrders.Order order = orders.require(input.order());
            PointOrders.Proof proof = order.proof();
            if (proof == null) {
                return;
            }
            Group group = groups.find(input.group()).orElseThrow();
            LabelPoint label =
                    LabelPoint.newBuilder()
                            .setGroup(group.id())
                            .setNumber(order.number())
                            .addAllFailures(proof.failures())
                            .addAllVolumes(proof.volumes())
                            .build();
            points.label(
                    group.id(),
                    nodes.tell(
                                    group.receiverNode(),
                                    Command.newBuilder().setLabelPoint(label),
                                    Nodes.SOON)
                            .getPointLabelled()
                            .getPoint());
        }
    }
}
