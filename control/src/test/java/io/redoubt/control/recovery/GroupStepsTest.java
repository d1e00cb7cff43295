// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.control.FakeNode;
import io.redoubt.control.TestRegion;
import io.redoubt.control.database.RandomId;
import io.redoubt.control.gateway.Nodes;
import io.redoubt.workflow.RetryLater;
import io.redoubt.workflow.Workflow;
import io.redoubt.workflow.WorkflowTester;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Every step of a protection over two sources, twice, to every place where it can break.
class GroupStepsTest {
    private final TestRegion region = TestRegion.shared();
    private final Groups groups = region.part(Groups.class);
    private final Nodes nodes = region.part(Nodes.class);
    private final EndedGroups ended = region.part(EndedGroups.class);
    private final Grants grants = region.part(Grants.class);
    private final Workflow<GroupWorkflows.OneGroup> create =
            new GroupWorkflows()
                    .createGroup(
                            groups,
                            region.part(GroupWorkflows.NodeParts.class),
                            grants,
                            region.part(Retentions.class));
    private final Workflow<GroupWorkflows.OneGroup> delete =
            new GroupWorkflows()
                    .deleteGroup(groups, nodes, ended, grants, region.part(FormerJournals.class));
    private final FakeNode one = region.node("a");
    private final String machineOfOne = region.machine("a");
    private final FakeNode other = region.node("a");
    private final String machineOfOther = region.machine("a");
    private final FakeNode receiver = region.node("b");

    GroupStepsTest() throws Exception {}

    @AfterEach
    void close() {
        one.close();
        other.close();
        receiver.close();
    }

    private Group wished() throws Exception {
        String made = region.group(List.of(machineOfOne, machineOfOther));
        Group group = groups.find(made).orElseThrow();
        assertThat(group.sources()).hasSize(2);
        region.unprotect(made);
        return group;
    }

    private GroupWorkflows.OneGroup add(Group group) {
        String id = RandomId.next();
        groups.add(
                new Group(
                        id,
                        group.tenant(),
                        group.name(),
                        "making",
                        group.term(),
                        false,
                        false,
                        group.lineage(),
                        group.sourceZone(),
                        group.targetZone(),
                        group.sources(),
                        group.receiverNode(),
                        group.intervalMillis(),
                        0,
                        group.whenIsolated(),
                        null,
                        group.machines(),
                        group.volumes(),
                        1,
                        List.of()));
        return new GroupWorkflows.OneGroup(id);
    }

    @Test
    void a_failure_after_any_step_leaves_nothing_behind_at_any_node() throws Exception {
        Group wished = wished();
        for (int steps = 1; steps <= WorkflowTester.steps(create); steps++) {
            GroupWorkflows.OneGroup input = add(wished);
            WorkflowTester.breakAfter(steps, create, input);
            assertThat(groups.find(input.id())).isEmpty();
            for (FakeNode node : List.of(one, other, receiver)) {
                assertThat(node.takesPart(input.id())).as(node.id + " after " + steps).isFalse();
            }
        }
    }

    @Test
    void repeated_steps_protect_once_and_unprotect_once() throws Exception {
        GroupWorkflows.OneGroup input = add(wished());
        WorkflowTester.complete(create, input);
        for (FakeNode node : List.of(one, other, receiver)) {
            assertThat(node.takesPart(input.id())).isTrue();
        }
        WorkflowTester.complete(delete, input);
        assertThat(groups.find(input.id())).isEmpty();
        for (FakeNode node : List.of(one, other, receiver)) {
            assertThat(node.takesPart(input.id())).isFalse();
        }
    }

    /// Whichever is away, the other is let go at once, and the journal stays until both are.
    @Test
    void sources_are_let_go_one_by_one_and_as_often_as_it_takes() throws Exception {
        Group wished = wished();
        for (FakeNode away : List.of(one, other)) {
            FakeNode there = away == one ? other : one;
            GroupWorkflows.OneGroup input = add(wished);
            WorkflowTester.complete(create, input);
            away.die();
            await(() -> !nodes.connected(away.id));
            var step = new GroupWorkflows.ReleaseSources("unprotect-source", groups, ended);
            for (int again = 0; again < 2; again++) {
                assertThatThrownBy(() -> step.run(input))
                        .isInstanceOf(RetryLater.class)
                        .hasMessageContaining(away.id);
                step.undo(input);
                assertThat(there.takesPart(input.id())).isFalse();
                assertThat(receiver.takesPart(input.id())).isTrue();
            }
            away.connect();
            await(() -> nodes.connected(away.id));
            WorkflowTester.complete(delete, input);
            assertThat(away.takesPart(input.id())).isFalse();
        }
    }

    private static void await(java.util.function.BooleanSupplier until) throws Exception {
        for (int i = 0; i < 500 && !until.getAsBoolean(); i++) {
            Thread.sleep(20);
        }
        assertThat(until.getAsBoolean()).isTrue();
    }
}
