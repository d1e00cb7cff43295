// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.gateway.Nodes;
import io.redoubt.protocol.Command;
import io.redoubt.workflow.RetryLater;
import io.redoubt.workflow.Step;
import io.redoubt.workflow.Workflow;
import java.util.List;
import java.util.stream.Stream;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.stereotype.Component;

/// How machines join a group and leave it (ADR 34). The receiver is told first: it alone says which volumes a point counts, so whatever the
/// sources hear and when, no point lacks a member and none waits for one that left.
@Configuration(proxyBeanMethods = false)
class MemberWorkflows {
    /// What stands in the group's rows is told, so a repetition tells what holds by then.
    record Change(String group, List<String> machines) {}

    @Component
    record Parts(
            Groups groups,
            Memberships memberships,
            Grants grants,
            GroupWorkflows.NodeParts nodes,
            Retentions retentions) {}

    @Bean
    Workflow<Change> addMembers(Parts parts) {
        return Workflow.named("protection-group.add", Change.class)
                .step(new TakeIn(parts))
                .step(new TellReceiver("tell-receiver", parts))
                .step(new TellSources("tell-sources", parts))
                .step(new CountThem(parts));
    }

    @Bean
    Workflow<Change> removeMembers(Parts parts) {
        return Workflow.named("protection-group.remove", Change.class)
                .step(new TellReceiver("stop-counting", parts))
                .step(new TellSources("tell-others", parts))
                .step(new LetGo(parts));
    }

    /// The rows are there before the first step. Its undo is their whole way out again.
    record TakeIn(Parts parts) implements Step<Change> {
        @Override
        public void run(Change input) {
            Group group = parts.groups().find(input.group()).orElseThrow();
            group.sources().forEach(source -> parts.nodes().ended().settle(group, source.node()));
            parts.grants().sources(input.group());
        }

        @Override
        public void undo(Change input) {
            boolean known =
                    parts.memberships().known(input.machines()).stream()
                            .anyMatch(machine ->
                                    machine.group().equals(input.group())
                                            && !machine.standing().equals("member"));
            if (known) {
                parts.memberships().leave(input.group(), input.machines());
                new TellReceiver("stop-counting", parts).run(input);
                new TellSources("tell-others", parts).run(input);
                new LetGo(parts).run(input);
            }
        }
    }

    record TellReceiver(String name, Parts parts) implements Step<Change> {
        @Override
        public void run(Change input) {
            Group group = parts.groups().find(input.group()).orElseThrow();
            parts.nodes().nodes().tell(group.receiverNode(), Roles.receiver(group), Nodes.LONG);
        }
    }

    /// Those first that join: a source is asked for no cut by one that it does not know.
    record TellSources(String name, Parts parts) implements Step<Change> {
        @Override
        public void run(Change input) {
            Group group = parts.groups().find(input.group()).orElseThrow();
            List<String> fresh =
                    group.sources().stream()
                            .map(Group.Source::node)
                            .filter(node ->
                                    group.volumesOn(node).stream().allMatch(Group.Member::joining))
                            .toList();
            List<String> known =
                    group.sources().stream()
                            .map(Group.Source::node)
                            .filter(node -> !fresh.contains(node))
                            .toList();
            Stream.of(fresh, known).forEach(nodes -> tell(group, nodes));
        }

        /// All that are there, also when one is away.
        private void tell(Group group, List<String> names) {
            RetryLater missing = null;
            for (String name : names) {
                var told =
                        Roles.source(
                                group,
                                name,
                                node ->
                                        parts.nodes()
                                                .region()
                                                .requireNode(node)
                                                .replicationAddress());
                try {
                    parts.nodes()
                            .nodes()
                            .tell(name, Command.newBuilder().setProtectSource(told), Nodes.LONG);
                } catch (RetryLater e) {
                    missing = e;
                }
            }
            if (missing != null) {
                throw missing;
            }
        }
    }

    /// What a larger group's journal keeps may follow the size of its volumes.
    record CountThem(Parts parts) implements Step<Change> {
        @Override
        public void run(Change input) {
            parts.memberships().joined(input.group(), input.machines());
            parts.retentions().tell(input.group());
        }
    }

    /// The nodes that lost their last volume, when all the others know; then the machines are free.
    record LetGo(Parts parts) implements Step<Change> {
        @Override
        public void run(Change input) {
            Group group = parts.groups().find(input.group()).orElseThrow();
            for (String node : group.leavingSources()) {
                parts.nodes().ended().endAt(group, node);
                parts.memberships().released(group.id(), node);
            }
            parts.memberships().gone(input.group(), input.machines());
            parts.grants().sources(input.group());
            Group left = parts.groups().find(input.group()).orElseThrow();
            parts.nodes().nodes().tell(left.receiverNode(), Roles.receiver(left), Nodes.LONG);
            parts.retentions().tell(input.group());
        }
    }
}
