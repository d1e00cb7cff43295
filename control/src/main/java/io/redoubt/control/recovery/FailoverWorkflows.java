// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.compute.Machines;
import io.redoubt.control.gateway.Nodes;
import io.redoubt.control.recovery.ViewSteps.OneFailover;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.grant.SourceEnd;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.CommandResult;
import io.redoubt.protocol.PromoteReceiver;
import io.redoubt.protocol.ReleaseSource;
import io.redoubt.protocol.SourceReleased;
import io.redoubt.protocol.StopGrants;
import io.redoubt.workflow.RetryLater;
import io.redoubt.workflow.Step;
import io.redoubt.workflow.Workflow;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/// The order of a failover (replication design, rules 1 and 2).
///
/// The decision, with its term, is durable before the first step. Until [Promote] everything can be taken back; from there on a step
/// may only go forward, however long that takes.
@Configuration(proxyBeanMethods = false)
class FailoverWorkflows {
    private static final Logger LOG = LoggerFactory.getLogger(FailoverWorkflows.class);

    /// The source is asked once: what it does not answer in this time its grants answer by expiring.
    private static final Duration RELEASE_WAIT = Duration.ofSeconds(2);

    /// Longer than a whole grant and its margin.
    private static final Duration PROMOTE_WAIT = Duration.ofSeconds(15);

    private static final Duration AGAIN_MAX = Duration.ofMillis(250);

    /// After the point of no return there is no other way than on.
    private static final Duration NO_WAY_BACK = Duration.ofDays(365);

    @Bean
    Workflow<OneFailover> liveFailover(
            Failovers failovers,
            Groups groups,
            Machines machines,
            Nodes nodes,
            Grants grants,
            Words words,
            Losses losses) {
        return Workflow.named("failover.live", OneFailover.class)
                .step(new StopOwnGrants(failovers, grants))
                .together(
                        List.of(
                                new StopReceiverGrants(failovers, nodes),
                                new AskRelease(failovers, nodes),
                                new AwaitExpiry(failovers, groups, grants, words)),
                        List.of(
                                new ViewSteps.OpenView(failovers, groups, nodes),
                                new ViewSteps.PrepareMachines(failovers, machines, nodes, true)))
                .step(new Promote(failovers, groups, grants, words, nodes))
                .step(new MoveMachines(failovers))
                .step(new ResumeMachines(failovers, machines))
                .step(new RecordOutcome(failovers, groups))
                .step(new TellLoss(failovers, losses))
                .step(new ViewSteps.AwaitGuest(failovers, machines));
    }

    @Bean
    Workflow<OneFailover> testFailover(
            Failovers failovers, Groups groups, Machines machines, Nodes nodes) {
        return Workflow.named("failover.test", OneFailover.class)
                .step(new TakeNames(failovers))
                .step(new ViewSteps.OpenView(failovers, groups, nodes))
                .step(new ViewSteps.PrepareMachines(failovers, machines, nodes, false))
                .step(new ViewSteps.RecordActive(failovers))
                .step(new ViewSteps.AwaitGuest(failovers, machines));
    }

    @Bean
    Workflow<OneFailover> tearDown(Failovers failovers, Machines machines, Nodes nodes) {
        return Workflow.named("failover.tear-down", OneFailover.class)
                .step(new RemoveCopies(failovers, machines))
                .step(new DropView(failovers, nodes))
                .step(new ForgetCopies(failovers));
    }

    /// The decision is recorded already; its undo takes it back under a later term, which the nodes hear with their next report.
    record StopOwnGrants(Failovers failovers, Grants grants) implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {
            Failover failover = failovers.find(input.id()).orElseThrow();
            grants.stop(failover.group(), failover.term());
        }

        @Override
        public void undo(OneFailover input) {
            Failover failover = failovers.find(input.id()).orElseThrow();
            failovers.state(failover.id(), "failed");
            failovers.rollBack(failover);
            grants.open(failover.group());
        }
    }

    record StopReceiverGrants(Failovers failovers, Nodes nodes) implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {
            Failover failover = failovers.find(input.id()).orElseThrow();
            nodes.tell(
                    failover.node(),
                    Command.newBuilder()
                            .setStopGrants(
                                    StopGrants.newBuilder()
                                            .setGroup(failover.group())
                                            .setTerm(failover.term())),
                    Nodes.SOON);
        }
    }

    /// Best effort, of every source at the same time: one that stands still costs the others nothing. No answer, and any answer but
    /// "released", means that the grants must expire.
    record AskRelease(Failovers failovers, Nodes nodes) implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {
            Failover failover = failovers.find(input.id()).orElseThrow();
            try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                List<CompletableFuture<Void>> asked =
                        failover.releases().stream()
                                .filter(source -> !source.released())
                                .map(source ->
                                        CompletableFuture.runAsync(
                                                () -> ask(failover, source.node()), threads))
                                .toList();
                joinAll(asked);
            }
        }

        private void ask(Failover failover, String source) {
            try {
                CommandResult answer =
                        nodes.ask(
                                source,
                                Command.newBuilder()
                                        .setReleaseSource(
                                                ReleaseSource.newBuilder()
                                                        .setGroup(failover.group())
                                                        .setTerm(failover.term())),
                                RELEASE_WAIT);
                SourceReleased released = answer.getSourceReleased();
                if (released.getReleased()) {
                    failovers.released(failover.id(), source, released.getVseqsMap());
                }
            } catch (FaultException e) {
                LOG.info(
                        "failover {}: source {} did not release: {}",
                        failover.id(),
                        source,
                        e.getMessage());
            }
        }
    }

    record AwaitExpiry(Failovers failovers, Groups groups, Grants grants, Words words)
            implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {
            Failover failover = failovers.find(input.id()).orElseThrow();
            SourceEnd _ = end(failover, groups, words);
            if (!failover.released()) {
                requireExpired(failover, grants);
            }
        }
    }

    /// The point of no return. What is durable first is that the source is fenced for good; then the receiver answers for its own grants.
    record Promote(Failovers failovers, Groups groups, Grants grants, Words words, Nodes nodes)
            implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {
            Failover failover = failovers.find(input.id()).orElseThrow();
            SourceEnd end = end(failover, groups, words);
            if (!grants.promote(failover.group(), failover.term(), end)) {
                // Also after a restart in between: this life must wait for what the earlier one may
                // have granted.
                requireExpired(failover, grants);
                throw new IllegalStateException("the grants have expired and nothing is promoted");
            }
            groups.promote(failover.group(), failover.term());
            onlyForward(() ->
                    nodes.tell(
                            failover.node(),
                            Command.newBuilder()
                                    .setPromoteReceiver(
                                            PromoteReceiver.newBuilder()
                                                    .setGroup(failover.group())
                                                    .setTerm(failover.term())
                                                    .setSourceReleased(end == SourceEnd.RELEASED)
                                                    .setSourceOff(end == SourceEnd.OFF_BY_WORD)
                                                    .putAllReleasedVseqs(failover.releasedVseqs())),
                            PROMOTE_WAIT));
            failovers.stamp(failover.id(), Failovers.Stamp.GRANTS_ENDED, Instant.now());
        }

        @Override
        public Duration patience() {
            return NO_WAY_BACK;
        }
    }

    record MoveMachines(Failovers failovers) implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {
            failovers.move(failovers.find(input.id()).orElseThrow());
        }
    }

    record ResumeMachines(Failovers failovers, Machines machines) implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {
            Failover failover = failovers.find(input.id()).orElseThrow();
            failover.machines()
                    .forEach(machine ->
                            onlyForward(() -> machines.resume(failover.node(), machine.copy())));
            failovers.stamp(failover.id(), Failovers.Stamp.STARTED, Instant.now());
        }

        @Override
        public Duration patience() {
            return NO_WAY_BACK;
        }
    }

    record RecordOutcome(Failovers failovers, Groups groups) implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {
            Failover failover = failovers.find(input.id()).orElseThrow();
            groups.state(failover.group(), "failed-over");
            failovers.state(failover.id(), "active");
        }
    }

    /// For the report alone: without an answer it lacks the numbers.
    record TellLoss(Failovers failovers, Losses losses) implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {
            try {
                losses.count(failovers.find(input.id()).orElseThrow());
            } catch (FaultException e) {
                LOG.warn(
                        "failover {}: what it gave up is not known: {}",
                        input.id(),
                        e.getMessage());
            }
        }
    }

    /// Names and ids of the copies are taken since the wish was; the undo gives them back.
    record TakeNames(Failovers failovers) implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {}

        @Override
        public void undo(OneFailover input) {
            failovers
                    .find(input.id())
                    .ifPresent(failover -> {
                        failovers.state(failover.id(), "failed");
                        failovers.forgetCopies(failover);
                    });
        }
    }

    record RemoveCopies(Failovers failovers, Machines machines) implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {
            Failover failover = failovers.find(input.id()).orElseThrow();
            failover.machines().forEach(copy -> machines.remove(failover.node(), copy.copy()));
        }

        @Override
        public void undo(OneFailover input) {
            failovers.state(input.id(), "active"); // it can be torn down again
        }
    }

    record DropView(Failovers failovers, Nodes nodes) implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {
            ViewSteps.close(nodes, failovers.find(input.id()).orElseThrow());
        }
    }

    record ForgetCopies(Failovers failovers) implements Step<OneFailover> {
        @Override
        public void run(OneFailover input) {
            failovers.forgetCopies(failovers.find(input.id()).orElseThrow());
            failovers.state(input.id(), "deleted");
        }
    }

    /// @throws FaultException with [RecoveryFault.SourceMayGoOn] where no clock says that the sources have ended, and nobody else did
    static SourceEnd end(Failover failover, Groups groups, Words words) {
        if (failover.released()) {
            return SourceEnd.RELEASED;
        }
        if (words.said(failover.id(), Words.About.SOURCE_OFF)) {
            return SourceEnd.OFF_BY_WORD;
        }
        Group group = groups.find(failover.group()).orElseThrow();
        if (group.whenIsolated().mayGoOn() && !group.promoted()) {
            List<String> silent =
                    failover.releases().stream()
                            .filter(release -> !release.released())
                            .map(Failover.Release::node)
                            .toList();
            throw new FaultException(new RecoveryFault.SourceMayGoOn(group.name(), silent));
        }
        return SourceEnd.UNHEARD;
    }

    private static void requireExpired(Failover failover, Grants grants) {
        long millis = Math.ceilDiv(grants.expiresInNanos(failover.group()), 1_000_000L);
        if (millis > 0) {
            Duration left = Duration.ofMillis(millis);
            throw new RetryLater(
                    new RecoveryFault.GrantsRunning(failover.group(), millis),
                    left.compareTo(AGAIN_MAX) < 0 ? left : AGAIN_MAX);
        }
    }

    /// Waits for all of them, also when one fails; then that one's failure is thrown as it was.
    static void joinAll(List<CompletableFuture<Void>> all) {
        try {
            CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }

    /// A node's refusal is not a reason to walk back when there is no way back: it is asked again, and the operation says why it waits.
    static void onlyForward(Runnable command) {
        try {
            command.run();
        } catch (FaultException e) {
            throw new RetryLater(e.fault(), AGAIN_MAX);
        }
    }
}
