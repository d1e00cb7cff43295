// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.storage;

import io.redoubt.control.gateway.Nodes;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.DeleteVolume;
import io.redoubt.protocol.EnsureVolume;
import io.redoubt.workflow.Step;
import io.redoubt.workflow.Workflow;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/// How datastores and volumes come and go.
@Configuration(proxyBeanMethods = false)
class StorageWorkflows {
    record OneDatastore(String id) {}

    record OneVolume(String id, String node, long sizeBytes, String template) {}

    @Bean
    Workflow<OneDatastore> createDatastore(Datastores datastores) {
        return Workflow.named("datastore.create", OneDatastore.class)
                .step(new HoldRoom(datastores));
    }

    @Bean
    Workflow<OneDatastore> deleteDatastore(Datastores datastores) {
        return Workflow.named("datastore.delete", OneDatastore.class)
                .step(new ForgetDatastore(datastores));
    }

    @Bean
    Workflow<OneVolume> createVolume(Volumes volumes, Nodes nodes) {
        return Workflow.named("volume.create", OneVolume.class)
                .step(new ReserveRoom(volumes))
                .step(new MakeFiles(nodes))
                .step(new Publish(volumes)); // last: a tenant never uses a half-made volume
    }

    @Bean
    Workflow<OneVolume> deleteVolume(Volumes volumes, Nodes nodes) {
        return Workflow.named("volume.delete", OneVolume.class)
                .step(new RemoveFiles(nodes, volumes))
                .step(new Forget(volumes));
    }

    /// The row holds the room since the wish was taken.
    record HoldRoom(Datastores datastores) implements Step<OneDatastore> {
        @Override
        public void run(OneDatastore input) {}

        @Override
        public void undo(OneDatastore input) {
            datastores.forget(input.id());
        }
    }

    record ForgetDatastore(Datastores datastores) implements Step<OneDatastore> {
        @Override
        public void run(OneDatastore input) {
            datastores.forget(input.id());
        }
    }

    /// Name and room are taken since the wish was; the undo gives them back.
    record ReserveRoom(Volumes volumes) implements Step<OneVolume> {
        @Override
        public void run(OneVolume input) {}

        @Override
        public void undo(OneVolume input) {
            volumes.forget(input.id());
        }
    }

    record MakeFiles(Nodes nodes) implements Step<OneVolume> {
        @Override
        public void run(OneVolume input) {
            nodes.tell(
                    input.node(),
                    Command.newBuilder()
                            .setEnsureVolume(
                                    EnsureVolume.newBuilder()
                                            .setVolume(input.id())
                                            .setSizeBytes(input.sizeBytes())
                                            .setTemplate(input.template())),
                    Nodes.LONG);
        }

        @Override
        public void undo(OneVolume input) {
            remove(nodes, input);
        }
    }

    record Publish(Volumes volumes) implements Step<OneVolume> {
        @Override
        public void run(OneVolume input) {
            volumes.state(input.id(), "ready");
        }
    }

    record RemoveFiles(Nodes nodes, Volumes volumes) implements Step<OneVolume> {
        @Override
        public void run(OneVolume input) {
            remove(nodes, input);
        }

        /// The node refused before it removed anything.
        @Override
        public void undo(OneVolume input) {
            volumes.state(input.id(), "ready");
        }
    }

    record Forget(Volumes volumes) implements Step<OneVolume> {
        @Override
        public void run(OneVolume input) {
            volumes.forget(input.id());
        }
    }

    private static void remove(Nodes nodes, OneVolume input) {
        nodes.tell(
                input.node(),
                Command.newBuilder()
                        .setDeleteVolume(DeleteVolume.newBuilder().setVolume(input.id())),
                Nodes.LONG);
    }
}
