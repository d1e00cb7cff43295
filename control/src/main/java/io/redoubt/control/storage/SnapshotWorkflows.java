// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.storage;

import io.redoubt.control.gateway.Nodes;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.CreateSnapshot;
import io.redoubt.protocol.DeleteSnapshot;
import io.redoubt.protocol.RevertSnapshot;
import io.redoubt.workflow.RetryLater;
import io.redoubt.workflow.Step;
import io.redoubt.workflow.Workflow;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/// How snapshots come and go, and how a volume goes back to one.
@Configuration(proxyBeanMethods = false)
class SnapshotWorkflows {
    private static final Duration AGAIN = Duration.ofMillis(500);
    private static final Duration REVERT_MAX = Duration.ofDays(1);

    /// @param nodeName what the node calls it, unlike the name never used again
    record OneSnapshot(String id, String volume, String node, String nodeName) {}

    /// @param holder the stopped machine whose disk it is, or null
    record Return(String volume, String node, String nodeName, @Nullable String holder) {}

    @Bean
    Workflow<OneSnapshot> createSnapshot(Snapshots snapshots, Nodes nodes) {
        return Workflow.named("snapshot.create", OneSnapshot.class)
                .step(new TakeName(snapshots))
                .step(new MakeSnapshot(nodes))
                .step(new Show(snapshots)); // last: nobody reverts to a half-made one
    }

    @Bean
    Workflow<OneSnapshot> deleteSnapshot(Snapshots snapshots, Nodes nodes) {
        return Workflow.named("snapshot.delete", OneSnapshot.class)
                .step(new RemoveSnapshot(nodes, snapshots))
                .step(new ForgetSnapshot(snapshots));
    }

    @Bean
    Workflow<Return> revertVolume(Volumes volumes, Nodes nodes) {
        return Workflow.named("volume.revert", Return.class)
                .step(new CloseVolume(volumes))
                .step(new Detach(volumes))
                .step(new GoBack(nodes))
                .step(new AttachAgain(volumes))
                .step(new OpenVolume(volumes)); // last: only now its machine may start
    }

    /// The row has the name since the wish was taken; the undo gives it back.
    record TakeName(Snapshots snapshots) implements Step<OneSnapshot> {
        @Override
        public void run(OneSnapshot input) {}

        @Override
        public void undo(OneSnapshot input) {
            snapshots.forget(input.id());
        }
    }

    record MakeSnapshot(Nodes nodes) implements Step<OneSnapshot> {
        @Override
        public void run(OneSnapshot input) {
            nodes.tell(
                    input.node(),
                    Command.newBuilder()
                            .setCreateSnapshot(
                                    CreateSnapshot.newBuilder()
                                            .setVolume(input.volume())
                                            .setSnapshot(input.nodeName())),
                    Nodes.LONG);
        }

        @Override
        public void undo(OneSnapshot input) {
            remove(nodes, input);
        }
    }

    record Show(Snapshots snapshots) implements Step<OneSnapshot> {
        @Override
        public void run(OneSnapshot input) {
            snapshots.state(input.id(), "ready");
        }
    }

    record RemoveSnapshot(Nodes nodes, Snapshots snapshots) implements Step<OneSnapshot> {
        @Override
        public void run(OneSnapshot input) {
            remove(nodes, input);
        }

        /// The node refused before it removed anything.
        @Override
        public void undo(OneSnapshot input) {
            snapshots.state(input.id(), "ready");
        }
    }

    record ForgetSnapshot(Snapshots snapshots) implements Step<OneSnapshot> {
        @Override
        public void run(OneSnapshot input) {
            snapshots.forget(input.id());
        }
    }

    /// The row is "reverting" since the wish was taken, so that no machine starts on it; the undo opens it again. A machine that was told to stop
    /// may need a moment.
    record CloseVolume(Volumes volumes) implements Step<Return> {
        @Override
        public void run(Return input) {
            if (input.holder() != null && !volumes.isOff(input.holder())) {
                throw new RetryLater(
                        new StorageFault.NotReady("machine", input.holder(), "still running"),
                        AGAIN);
            }
        }

        @Override
        public void undo(Return input) {
            volumes.state(input.volume(), "ready");
        }
    }

    /// Nobody can connect any more, not even a process that nobody knows of.
    record Detach(Volumes volumes) implements Step<Return> {
        @Override
        public void run(Return input) {
            volumes.attach(input.volume(), null);
        }

        @Override
        public void undo(Return input) {
            volumes.attach(input.volume(), input.holder());
        }
    }

    /// Repeated, it waits for the one that runs, or finds it done. A refusal comes before the first byte is changed.
    record GoBack(Nodes nodes) implements Step<Return> {
        @Override
        public void run(Return input) {
            nodes.tell(
                    input.node(),
                    Command.newBuilder()
                            .setRevertSnapshot(
                                    RevertSnapshot.newBuilder()
                                            .setVolume(input.volume())
                                            .setSnapshot(input.nodeName())),
                    Nodes.LONG);
        }

        /// It copies what was written since the snapshot, whatever that is.
        @Override
        public Duration patience() {
            return REVERT_MAX;
        }
    }

    record AttachAgain(Volumes volumes) implements Step<Return> {
        @Override
        public void run(Return input) {
            volumes.attach(input.volume(), input.holder());
        }
    }

    record OpenVolume(Volumes volumes) implements Step<Return> {
        @Override
        public void run(Return input) {
            volumes.state(input.volume(), "ready");
        }
    }

    private static void remove(Nodes nodes, OneSnapshot input) {
        nodes.tell(
                input.node(),
                Command.newBuilder()
                        .setDeleteSnapshot(
                                DeleteSnapshot.newBuilder()
                                        .setVolume(input.volume())
                                        .setSnapshot(input.nodeName())),
                Nodes.LONG);
    }
}
