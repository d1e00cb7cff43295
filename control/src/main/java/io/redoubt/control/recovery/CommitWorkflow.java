// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.gateway.Nodes;
import io.redoubt.control.recovery.ViewSteps.OneFailover;
import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.CommitReceiver;
import io.redoubt.workflow.Step;
import io.redoubt.workflow.Workflow;
import java.time.Duration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.stereotype.Component;

/// How a failover becomes final (replication design, rule 34): the journal that it was promoted from ends at its point, durably, and what it
/// holds above is a branch. From the moment that the receiver may have heard of it there is no rollback any more.
@Configuration(proxyBeanMethods = false)
class CommitWorkflow {
    /// Whoever may have been heard is asked until it answers: only it knows.
    private static final Duration UNTIL_ANSWERED = Duration.ofDays(365);

    @Bean
    Workflow<OneFailover> commit(Failovers failovers, Nodes nodes) {
        return Workflow.named("failover.commit", OneFailover.class)
                .step(new CommitJournal(failovers, nodes))
                .step(new RecordCommitted(failovers));
    }

    /// Who may commit what.
    @Component
    record Commits(Groups groups, Failovers failovers) {
        /// Inside the transaction that begins the operation. One that is committed may be committed again, to the same.
        ///
        /// @throws FaultException with [RecoveryFault.NotActive]
        void begin(String id) {
            groups.lock(failovers.find(id).orElseThrow().group());
            Failover failover = failovers.find(id).orElseThrow();
            if (failover.kind() == Failover.Kind.TEST
                    || !(failover.state().equals("active")
                            || failover.state().equals("committed"))) {
                throw new FaultException(
                        new RecoveryFault.NotActive(id, failover.kind(), failover.state()));
            }
            if (failover.state().equals("active")) {
                failovers.state(id, "committing");
            }
        }
    }

    record CommitJournal(Failovers failovers, Nodes nodes) implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {
            Failover failover = failovers.find(input.id()).orElseThrow();
            nodes.tell(
                    failover.node(),
                    Command.newBuilder()
                            .setCommitReceiver(
                                    CommitReceiver.newBuilder()
                                            .setGroup(failover.group())
                                            .setTerm(failover.term())
                                            .setPoint(failover.point().number())),
                    Nodes.LONG);
        }

        /// The receiver refused. Should it have heard an earlier asking and done it, it refuses every rollback by itself.
        @Override
        public void undo(OneFailover input) {
            failovers
                    .find(input.id())
                    .filter(failover -> failover.state().equals("committing"))
                    .ifPresent(failover -> failovers.state(failover.id(), "active"));
        }

        @Override
        public Duration patience() {
            return UNTIL_ANSWERED;
        }
    }

    record RecordCommitted(Failovers failovers) implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {
            failovers.state(input.id(), "committed");
        }
    }
}
