// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.gateway.Nodes;
import io.redoubt.control.region.Region;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.DeletePoint;
import io.redoubt.protocol.ProtectSource;
import io.redoubt.workflow.Step;
import io.redoubt.workflow.Workflow;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.stereotype.Component;

/// How protection begins and ends, and how single points come and go.
@Configuration(proxyBeanMethods = false)
class GroupWorkflows {
    /// Its nodes stand in its row, which is made before the first step and goes with the last.
    record OneGroup(String id) {}

    /// @param order names the wish at the source, so that its repetition makes no second point
    record OnePointNow(String order, String group) {}

    record OnePoint(String group, long number, String receiverNode) {}

    /// How the nodes of a group are reached.
    @Component
    record NodeParts(Nodes nodes, Region region, EndedGroups ended) {}

    @Bean
    Workflow<OneGroup> createGroup(
            Groups groups, NodeParts nodes, Grants grants, Retentions retentions) {
        return Workflow.named("protection-group.create", OneGroup.class)
                .step(new TakeName(groups))
                .step(new PrepareReceiver(groups, nodes))
                .step(new SayRetention(retentions))
                .step(new OpenGrants(grants))
                .step(new ConnectSources(groups, nodes))
                .step(new Publish(groups));
    }

    @Bean
    Workflow<OneGroup> deleteGroup(
            Groups groups, Nodes nodes, EndedGroups ended, Grants grants, FormerJournals journals) {
        return Workflow.named("protection-group.delete", OneGroup.class)
                .step(new JournalWorkflows.CopyOffJournals(journals, nodes))
                .step(new ReleaseSources("unprotect-source", groups, ended))
                .step(new ReleaseReceiver("unprotect-receiver", groups, ended))
                .step(new Forget(groups, grants));
    }

    @Bean
    Workflow<OnePointNow> takePoint(
            Groups groups, Points points, Nodes nodes, PointOrders orders, GuestFreezes freezes) {
        return Workflow.named("recovery-point.take", OnePointNow.class)
                .step(new PointSteps.AskForRoom(groups, nodes, orders))
                .step(new CutSteps.CutNow(groups, points, nodes, orders, freezes))
                .step(new CutSteps.AwaitPublished(points, orders))
                .step(new CutSteps.Label(groups, points, nodes, orders))
                .step(new PointSteps.ProtectTaken(groups, points, nodes, orders));
    }

    @Bean
    Workflow<PointSteps.PointMark> protectPoint(Points points, Nodes nodes) {
        return Workflow.named("recovery-point.protect", PointSteps.PointMark.class)
                .step(new PointSteps.Mark(points, nodes));
    }

    @Bean
    Workflow<OnePoint> deletePoint(Points points, Nodes nodes) {
        return Workflow.named("recovery-point.delete", OnePoint.class)
                .step(new DropPoint(points, nodes));
    }

    record TakeName(Groups groups) implements Step<OneGroup> {
        @Override
        public void run(OneGroup input) {}

        @Override
        public void undo(OneGroup input) {
            groups.forget(input.id());
        }
    }

    /// Before the source, so that it is never ahead of its journal.
    record PrepareReceiver(Groups groups, NodeParts nodes) implements Step<OneGroup> {
        @Override
        public void run(OneGroup input) {
            Group group = groups.find(input.id()).orElseThrow();
            nodes.nodes().tell(group.receiverNode(), Roles.receiver(group), Nodes.LONG);
        }

        @Override
        public void undo(OneGroup input) {
            groups.find(input.id()).ifPresent(group -> nodes.ended().endReceiver(group));
        }
    }

    /// Before anything can come that would be kept by another ladder.
    record SayRetention(Retentions retentions) implements Step<OneGroup> {
        @Override
        public void run(OneGroup input) {
            retentions.tell(input.id());
        }
    }

    record OpenGrants(Grants grants) implements Step<OneGroup> {
        @Override
        public void run(OneGroup input) {
            grants.open(input.id());
        }

        @Override
        public void undo(OneGroup input) {
            grants.close(input.id());
        }
    }

    record ConnectSources(Groups groups, NodeParts nodes) implements Step<OneGroup> {
        @Override
        public void run(OneGroup input) {
            Group group = groups.find(input.id()).orElseThrow();
            group.sources().forEach(source -> nodes.ended().settle(group, source.node()));
            connectSources(nodes.nodes(), nodes.region(), group);
        }

        /// Nobody waits for a source that is away: it is told when it comes back, and the receiver after it.
        @Override
        public void undo(OneGroup input) {
            groups.find(input.id())
                    .ifPresent(group -> {
                        nodes.ended().remember(group);
                        nodes.ended().endSources(group);
                    });
        }
    }

    record Publish(Groups groups) implements Step<OneGroup> {
        @Override
        public void run(OneGroup input) {
            groups.state(input.id(), "protected");
        }
    }

    record ReleaseSources(String name, Groups groups, EndedGroups ended) implements Step<OneGroup> {
        @Override
        public void run(OneGroup input) {
            groups.find(input.id()).ifPresent(ended::endSources);
        }

        /// It stays on its way out: a source may be unprotected already. Deleting it again goes on from there.
        @Override
        public void undo(OneGroup input) {}
    }

    record ReleaseReceiver(String name, Groups groups, EndedGroups ended)
            implements Step<OneGroup> {
        @Override
        public void run(OneGroup input) {
            groups.find(input.id()).ifPresent(ended::endReceiver);
        }

        /// As with the sources: there is no way back, only on.
        @Override
        public void undo(OneGroup input) {}
    }

    record Forget(Groups groups, Grants grants) implements Step<OneGroup> {
        @Override
        public void run(OneGroup input) {
            groups.forget(input.id());
            grants.close(input.id());
        }
    }

    record DropPoint(Points points, Nodes nodes) implements Step<OnePoint> {
        @Override
        public void run(OnePoint input) {
            nodes.tell(
                    input.receiverNode(),
                    Command.newBuilder()
                            .setDeletePoint(
                                    DeletePoint.newBuilder()
                                            .setGroup(input.group())
                                            .setNumber(input.number())),
                    Nodes.SOON);
            points.forget(input.group(), input.number());
        }
    }

    /// Under the group's present term.
    static void connectSources(Nodes nodes, Region region, Group group) {
        for (Group.Source source : group.sources()) {
            ProtectSource told =
                    Roles.source(
                            group,
                            source.node(),
                            node -> region.requireNode(node).replicationAddress());
            nodes.tell(source.node(), Command.newBuilder().setProtectSource(told), Nodes.LONG);
        }
    }
}
