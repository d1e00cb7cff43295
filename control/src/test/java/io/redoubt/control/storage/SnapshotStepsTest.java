// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.control.FakeNode;
import io.redoubt.control.TestRegion;
import io.redoubt.control.database.RandomId;
import io.redoubt.control.gateway.Nodes;
import io.redoubt.workflow.Workflow;
import io.redoubt.workflow.WorkflowTester;
import org.junit.jupiter.api.Test;

/// Every step of what is done with snapshots, twice, to every place where it can break.
class SnapshotStepsTest {
    private final TestRegion region = TestRegion.shared();
    private final Volumes volumes = region.part(Volumes.class);
    private final Snapshots snapshots = region.part(Snapshots.class);
    private final Nodes nodes = region.part(Nodes.class);

    SnapshotStepsTest() throws Exception {}

    @Test
    void a_snapshot_is_made_once_or_leaves_nothing_behind() throws Exception {
        Workflow<SnapshotWorkflows.OneSnapshot> create =
                new SnapshotWorkflows().createSnapshot(snapshots, nodes);
        try (FakeNode node = region.node("a")) {
            Volume volume = newVolume();
            for (int steps = 1; steps <= WorkflowTester.steps(create); steps++) {
                WorkflowTester.breakAfter(steps, create, reserve(volume));
                assertThat(snapshots.of(volume.id())).isEmpty();
                assertThat(node.snapshots.names(volume.id())).isEmpty();
            }
            SnapshotWorkflows.OneSnapshot input = reserve(volume);
            WorkflowTester.complete(create, input);
            assertThat(node.snapshots.names(volume.id())).containsExactly(input.nodeName());
            assertThat(snapshots.find(input.id()))
                    .get()
                    .extracting(Snapshots.Snapshot::state)
                    .isEqualTo("ready");
            WorkflowTester.complete(
                    new SnapshotWorkflows().deleteSnapshot(snapshots, nodes), input);
            assertThat(snapshots.of(volume.id())).isEmpty();
            assertThat(node.snapshots.names(volume.id())).isEmpty();
        }
    }

    @Test
    void a_revert_that_breaks_anywhere_leaves_the_volume_open_for_its_machine() throws Exception {
        Workflow<SnapshotWorkflows.Return> revert =
                new SnapshotWorkflows().revertVolume(volumes, nodes);
        try (FakeNode node = region.node("a")) {
            Volume volume = newVolume();
            SnapshotWorkflows.OneSnapshot target = reserve(volume);
            WorkflowTester.complete(
                    new SnapshotWorkflows().createSnapshot(snapshots, nodes), target);
            var input =
                    new SnapshotWorkflows.Return(
                            volume.id(), volume.node(), target.nodeName(), null);
            for (int steps = 1; steps <= WorkflowTester.steps(revert); steps++) {
                volumes.beginRevert(volumes.find(volume.id()).orElseThrow());
                WorkflowTester.breakAfter(steps, revert, input);
                assertThat(volumes.find(volume.id()).orElseThrow().state()).isEqualTo("ready");
            }
            int before = node.snapshots.reverts().size();
            volumes.beginRevert(volumes.find(volume.id()).orElseThrow());
            WorkflowTester.complete(revert, input);
            assertThat(node.snapshots.reverts()).hasSizeGreaterThan(before);
            assertThat(volumes.find(volume.id()).orElseThrow().state()).isEqualTo("ready");
        }
    }

    private Volume newVolume() throws Exception {
        return volumes.require(region.owner(), region.volume(region.datastore("a")));
    }

    private SnapshotWorkflows.OneSnapshot reserve(Volume volume) {
        String id = RandomId.next();
        String name = TestRegion.unique("s");
        snapshots.reserve(volume, id, name);
        return new SnapshotWorkflows.OneSnapshot(id, volume.id(), volume.node(), name + "@" + id);
    }
}
