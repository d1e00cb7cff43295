// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.control.FakeNode;
import io.redoubt.control.TestRegion;
import io.redoubt.control.database.RandomId;
import io.redoubt.control.gateway.Nodes;
import io.redoubt.control.identity.Caller;
import io.redoubt.workflow.Workflow;
import io.redoubt.workflow.WorkflowTester;
import org.junit.jupiter.api.Test;

/// Every step of a volume's making, twice, to every place where it can break.
class CreateVolumeTest {
    private static final long SIZE = 1 << 20;

    private final TestRegion region = TestRegion.shared();
    private final Volumes volumes = region.part(Volumes.class);
    private final Datastores datastores = region.part(Datastores.class);
    private final Workflow<StorageWorkflows.OneVolume> create =
            new StorageWorkflows()
                    .createVolume(volumes, region.part(Nodes.class), region.part(Limits.class));

    CreateVolumeTest() throws Exception {}

    @Test
    void a_failure_after_any_step_leaves_nothing_behind() throws Exception {
        try (FakeNode node = region.node("a")) {
            Caller owner = region.owner();
            Datastores.Datastore store = datastores.require(owner, region.datastore("a"));
            for (int steps = 1; steps <= WorkflowTester.steps(create); steps++) {
                StorageWorkflows.OneVolume input = reserve(owner, store);
                WorkflowTester.breakAfter(steps, create, input);
                assertThat(volumes.find(input.id())).isEmpty();
                assertThat(node.volumes).isEmpty();
            }
            assertThat(datastores.require(owner, store.id()).usedBytes()).isZero();
        }
    }

    @Test
    void repeated_steps_make_one_volume() throws Exception {
        try (FakeNode node = region.node("a")) {
            Caller owner = region.owner();
            Datastores.Datastore store = datastores.require(owner, region.datastore("a"));
            StorageWorkflows.OneVolume input = reserve(owner, store);
            WorkflowTester.complete(create, input);
            assertThat(node.volumes).containsOnlyKeys(input.id());
            assertThat(volumes.find(input.id())).get().extracting(Volume::state).isEqualTo("ready");
        }
    }

    private StorageWorkflows.OneVolume reserve(Caller owner, Datastores.Datastore store) {
        String id = RandomId.next();
        var input =
                new StorageWorkflows.OneVolume(
                        id, store.node(), SIZE, "", store.id(), false, false);
        volumes.reserve(owner, TestRegion.unique("v"), store, input, Allowance.USUAL);
        return input;
    }
}
