// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.gateway.Nodes;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.ProtectPoint;
import io.redoubt.workflow.Step;
import java.util.Optional;

/// What is done with single points, besides cutting and deleting them.
final class PointSteps {
    private PointSteps() {}

    record PointMark(String group, long number, String receiverNode, boolean on) {}

    /// Before anything is made: a point that is to be protected and cannot be is refused.
    record AskForRoom(Groups groups, Nodes nodes, PointOrders orders)
            implements Step<GroupWorkflows.OnePointNow> {
        @Override
        public void run(GroupWorkflows.OnePointNow input) {
            PointOrders.Order order = orders.require(input.order());
            if (order.isProtected() && order.number() == 0) {
                Group group = groups.find(input.group()).orElseThrow();
                protect(nodes, new PointMark(group.id(), 0, group.receiverNode(), true));
            }
        }

        @Override
        public void undo(GroupWorkflows.OnePointNow input) {
            orders.forget(input.order());
        }
    }

    /// The order is not forgotten before all of it is done.
    record ProtectTaken(Groups groups, Points points, Nodes nodes, PointOrders orders)
            implements Step<GroupWorkflows.OnePointNow> {
        @Override
        public void run(GroupWorkflows.OnePointNow input) {
            Optional<PointOrders.Order> order = orders.find(input.order());
            if (order.isPresent() && order.get().isProtected()) {
                Group group = groups.find(input.group()).orElseThrow();
                new Mark(points, nodes)
                        .run(
                                new PointMark(
                                        group.id(),
                                        order.get().number(),
                                        group.receiverNode(),
                                        true));
            }
            orders.forget(input.order());
        }

        @Override
        public void undo(GroupWorkflows.OnePointNow input) {
            orders.find(input.order())
                    .filter(order -> order.isProtected() && order.number() != 0)
                    .flatMap(order ->
                            groups.find(input.group())
                                    .map(group ->
                                            new PointMark(
                                                    group.id(),
                                                    order.number(),
                                                    group.receiverNode(),
                                                    false)))
                    .ifPresent(new Mark(points, nodes)::run);
        }
    }

    record Mark(Points points, Nodes nodes) implements Step<PointMark> {
        @Override
        public void run(PointMark input) {
            protect(nodes, input);
            points.protect(input.group(), input.number(), input.on());
        }
    }

    private static void protect(Nodes nodes, PointMark mark) {
        nodes.tell(
                mark.receiverNode(),
                Command.newBuilder()
                        .setProtectPoint(
                                ProtectPoint.newBuilder()
                                        .setGroup(mark.group())
                                        .setNumber(mark.number())
                                        .setProtected(mark.on())),
                Nodes.SOON);
    }
}
