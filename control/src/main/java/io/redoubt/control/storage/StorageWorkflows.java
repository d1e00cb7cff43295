// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.storage;

import io.redoubt.control.gateway.Nodes;
import io.redoubt.core.Rate;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.DeleteVolume;
import io.redoubt.protocol.EnsureVolume;
import io.redoubt.protocol.HydrateVolume;
import io.redoubt.protocol.JournalOrigin;
import io.redoubt.workflow.Step;
import io.redoubt.workflow.Workflow;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/// How volumes come, grow, and go.
@Configuration(proxyBeanMethods = false)
class StorageWorkflows {
    /// @param heldIn the datastore as the node knows it; null: it knows nothing of it
    /// @param sealed encrypted and checked, as every class but lab is
    record OneVolume(
            String id,
            String node,
            long sizeBytes,
            String template,
            @Nullable String heldIn,
            boolean thin,
            boolean sealed) {}

    /// @param beforeBytes what it goes back to when the node refuses
    record Growth(OneVolume volume, long beforeBytes) {}

    /// What of a datastore's rate a volume had before: it gets that back when the node refuses the new.
    record Share(String volume, String datastore, int shares, long iops, long bytesPerSecond) {}

    /// @param bytesPerSecond 0 for as fast as it goes
    record Copying(String volume, String node, long bytesPerSecond) {}

    @Bean
    Workflow<OneVolume> createVolume(Volumes volumes, Nodes nodes, Limits limits) {
        return Workflow.named("volume.create", OneVolume.class)
                .step(new ReserveRoom(volumes))
                .step(new MakeFiles(nodes, limits))
                .step(new Publish(volumes)); // last: a tenant never uses a half-made volume
    }

    @Bean
    Workflow<Growth> growVolume(Volumes volumes, Nodes nodes) {
        return Workflow.named("volume.grow", Growth.class)
                .step(new ReserveMore(volumes))
                .step(new GrowFiles(nodes));
    }

    @Bean
    Workflow<Share> limitVolume(Volumes volumes, Limits limits) {
        return Workflow.named("volume.limit", Share.class)
                .step(new RecordAllowance(volumes))
                .step(new ShareRate(limits)); // at once, under an attached machine
    }

    @Bean
    Workflow<Copying> hydrateVolume(Volumes volumes, Nodes nodes) {
        return Workflow.named("volume.hydrate", Copying.class)
                .step(new BeginCopying(nodes))
                .step(new RecordRate(volumes));
    }

    @Bean
    Workflow<OneVolume> deleteVolume(Volumes volumes, Nodes nodes) {
        return Workflow.named("volume.delete", OneVolume.class)
                .step(new RemoveFiles(nodes, volumes))
                .step(new Forget(volumes));
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

    /// With its limit from the first moment on.
    record MakeFiles(Nodes nodes, Limits limits) implements Step<OneVolume> {
        @Override
        public void run(OneVolume input) {
            if (input.heldIn() != null) {
                limits.tell(input.heldIn());
            }
            ensure(nodes, input);
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

    /// The row has the new size since the wish was taken, so that its room is promised once.
    record ReserveMore(Volumes volumes) implements Step<Growth> {
        @Override
        public void run(Growth input) {}

        @Override
        public void undo(Growth input) {
            volumes.size(input.volume().id(), input.beforeBytes());
        }
    }

    /// The row says so since the wish was taken.
    record RecordAllowance(Volumes volumes) implements Step<Share> {
        @Override
        public void run(Share input) {}

        @Override
        public void undo(Share input) {
            volumes.allowance(
                    input.volume(),
                    new Allowance(input.shares(), new Rate(input.iops(), input.bytesPerSecond())));
        }
    }

    record ShareRate(Limits limits) implements Step<Share> {
        @Override
        public void run(Share input) {
            limits.tell(input.datastore());
        }
    }

    /// A refusal changes nothing at the node.
    record GrowFiles(Nodes nodes) implements Step<Growth> {
        @Override
        public void run(Growth input) {
            ensure(nodes, input.volume());
        }
    }

    /// A refusal changes nothing at the node; what was begun does no harm to an undo.
    record BeginCopying(Nodes nodes) implements Step<Copying> {
        @Override
        public void run(Copying input) {
            nodes.tell(
                    input.node(),
                    Command.newBuilder()
                            .setHydrateVolume(
                                    HydrateVolume.newBuilder()
                                            .setVolume(input.volume())
                                            .setBytesPerSecond(input.bytesPerSecond())),
                    Nodes.SOON);
        }
    }

    record RecordRate(Volumes volumes) implements Step<Copying> {
        @Override
        public void run(Copying input) {
            volumes.hydrationRate(input.volume(), input.bytesPerSecond());
        }
    }

    private static void ensure(Nodes nodes, OneVolume input) {
        ensure(nodes, input, null);
    }

    /// @param origin of a volume out of a journal
    static void ensure(Nodes nodes, OneVolume input, @Nullable JournalOrigin origin) {
        var wanted =
                EnsureVolume.newBuilder()
                        .setVolume(input.id())
                        .setSizeBytes(input.sizeBytes())
                        .setTemplate(input.template())
                        .setDatastore(Objects.requireNonNullElse(input.heldIn(), ""))
                        .setThin(input.thin())
                        .setEncrypt(input.sealed())
                        .setIntegrity(input.sealed());
        if (origin != null) {
            wanted.setOrigin(origin);
        }
        nodes.tell(input.node(), Command.newBuilder().setEnsureVolume(wanted), Nodes.LONG);
    }

    static void remove(Nodes nodes, OneVolume input) {
        nodes.tell(
                input.node(),
                Command.newBuilder()
                        .setDeleteVolume(DeleteVolume.newBuilder().setVolume(input.id())),
                Nodes.LONG);
    }
}
