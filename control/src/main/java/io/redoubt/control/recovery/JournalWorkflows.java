// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.gateway.Nodes;
import io.redoubt.control.recovery.GroupWorkflows.OneGroup;
import io.redoubt.control.storage.Volume;
import io.redoubt.control.storage.Volumes;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.DeleteVolume;
import io.redoubt.protocol.DropJournal;
import io.redoubt.protocol.HydrateVolume;
import io.redoubt.protocol.HydrationReport;
import io.redoubt.workflow.RetryLater;
import io.redoubt.workflow.Step;
import io.redoubt.workflow.Workflow;
import java.time.Duration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/// How volumes come off a journal for good, and how a journal goes that nobody goes on from.
@Configuration(proxyBeanMethods = false)
class JournalWorkflows {
    /// A terabyte at 12 MB/s.
    private static final Duration COPY_PATIENCE = Duration.ofDays(1);

    private static final Duration AGAIN = Duration.ofMillis(500);

    @Bean
    Workflow<OneGroup> forgetJournals(
            Groups groups, FormerJournals journals, Volumes volumes, Nodes nodes) {
        return Workflow.named("protection-group.forget-journals", OneGroup.class)
                .step(new DropJournals(journals, volumes, nodes));
    }

    /// Asks a node to copy what a volume of a live view does not hold itself.
    static HydrationReport copy(Nodes nodes, String node, String volume) {
        return nodes.tell(
                        node,
                        Command.newBuilder()
                                .setHydrateVolume(HydrateVolume.newBuilder().setVolume(volume)),
                        Nodes.SOON)
                .getHydration();
    }

    /// Until the machines' volumes stand alone: with the group its journals go.
    record CopyOffJournals(FormerJournals journals, Nodes nodes) implements Step<OneGroup> {
        @Override
        public void run(OneGroup input) {
            RetryLater missing = null;
            for (Volume volume : journals.standing(input.id())) {
                HydrationReport told = copy(nodes, volume.node(), volume.id());
                missing =
                        new RetryLater(
                                new RecoveryFault.StillCopied(
                                        volume.name(), told.getDoneBytes(), told.getTotalBytes()),
                                AGAIN);
            }
            if (missing != null) {
                throw missing;
            }
        }

        @Override
        public Duration patience() {
            return COPY_PATIENCE;
        }
    }

    /// Each is gone at its node before it is forgotten here; the volumes that it was begun with go with it.
    record DropJournals(FormerJournals journals, Volumes volumes, Nodes nodes)
            implements Step<OneGroup> {
        @Override
        public void run(OneGroup input) {
            for (FormerJournals.Former former : journals.of(input.id())) {
                var drop =
                        DropJournal.newBuilder().setGroup(input.id()).setLineage(former.lineage());
                nodes.tell(former.node(), Command.newBuilder().setDropJournal(drop), Nodes.LONG);
                for (String base : journals.bases(former.lineage())) {
                    var delete = DeleteVolume.newBuilder().setVolume(base);
                    nodes.tell(
                            former.node(),
                            Command.newBuilder().setDeleteVolume(delete),
                            Nodes.LONG);
                    volumes.forget(base);
                }
                journals.forget(input.id(), former.lineage());
            }
        }
    }
}
