// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.storage;

import io.redoubt.control.gateway.Nodes;
import io.redoubt.protocol.JournalOrigin;
import io.redoubt.workflow.Step;
import io.redoubt.workflow.Workflow;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.stereotype.Component;

/// How a volume comes out of a journal: it is there at once, and copied while it is used.
@Configuration(proxyBeanMethods = false)
class RecoveryWorkflow {
    /// @param bytesPerSecond of the copying, 0 for as fast as it goes
    record Recovery(StorageWorkflows.OneVolume volume, Origin origin, long bytesPerSecond) {
        StorageWorkflows.Copying copying() {
            return new StorageWorkflows.Copying(volume.id(), volume.node(), bytesPerSecond);
        }
    }

    @Component("recoveryFlow")
    record Flow(@Qualifier("recoverVolume") Workflow<Recovery> recover) {}

    @Bean
    Workflow<Recovery> recoverVolume(Volumes volumes, Nodes nodes, Limits limits) {
        return Workflow.named("volume.recover", Recovery.class)
                .step(new ReserveRoom(volumes))
                .step(new OpenInJournal(nodes, limits))
                .step(new BeginCopying(new StorageWorkflows.BeginCopying(nodes), volumes))
                .step(new Publish(volumes)); // last: a tenant never uses a half-made volume
    }

    /// Name and room are taken since the wish was; the undo gives them back.
    record ReserveRoom(Volumes volumes) implements Step<Recovery> {
        @Override
        public void run(Recovery input) {}

        @Override
        public void undo(Recovery input) {
            volumes.forget(input.volume().id());
        }
    }

    /// With its limit from the first moment on. The node holds what the volume reads before it answers.
    record OpenInJournal(Nodes nodes, Limits limits) implements Step<Recovery> {
        @Override
        public void run(Recovery input) {
            String heldIn = input.volume().heldIn();
            if (heldIn != null) {
                limits.tell(heldIn);
            }
            Origin from = input.origin();
            StorageWorkflows.ensure(
                    nodes,
                    input.volume(),
                    JournalOrigin.newBuilder()
                            .setGroup(from.group())
                            .setVolume(from.volume())
                            .setPoint(from.point())
                            .setVseq(from.write())
                            .build());
        }

        @Override
        public void undo(Recovery input) {
            StorageWorkflows.remove(nodes, input.volume());
        }
    }

    record BeginCopying(StorageWorkflows.BeginCopying copying, Volumes volumes)
            implements Step<Recovery> {
        @Override
        public void run(Recovery input) {
            copying.run(input.copying());
            volumes.hydrationRate(input.volume().id(), input.bytesPerSecond());
        }
    }

    record Publish(Volumes volumes) implements Step<Recovery> {
        @Override
        public void run(Recovery input) {
            volumes.state(input.volume().id(), "ready");
        }
    }
}
