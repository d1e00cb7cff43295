// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.compute.Machine;
import io.redoubt.control.compute.Machines;
import io.redoubt.control.identity.Caller;
import io.redoubt.control.operations.OperationView;
import io.redoubt.control.operations.Operations;
import io.redoubt.core.fault.FaultException;
import io.redoubt.workflow.Operation;
import io.redoubt.workflow.Workflow;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestAttribute;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/// What becomes of a failover: it is taken back, or it stays, and then the group turns round.
@RestController
class WayBackResource {
    private final Failovers failovers;
    private final Rollbacks rollbacks;
    private final Machines machines;
    private final Operations operations;
    private final Flows flows;

    WayBackResource(
            Failovers failovers,
            Rollbacks rollbacks,
            Machines machines,
            Operations operations,
            Flows flows) {
        this.failovers = failovers;
        this.rollbacks = rollbacks;
        this.machines = machines;
        this.operations = operations;
        this.flows = flows;
    }

    @Component
    record Flows(
            @Qualifier("rollBack") Workflow<ViewSteps.OneFailover> rollBack,
            @Qualifier("commit") Workflow<ViewSteps.OneFailover> commit,
            CommitWorkflow.Commits commits,
            @Qualifier("reverse") Workflow<ReverseWorkflow.OneReversal> reverse,
            Reversals reversals,
            Groups groups) {}

    /// What a rollback would take.
    ///
    /// @param machines     by name: they end there, and start on their old disks
    /// @param writtenSince when they started there: what they wrote since is lost
    /// @param possible     whether it would be taken back now
    /// @param nodesAway    that must be there for it
    record RollbackPreview(
            String failover,
            String group,
            String state,
            boolean possible,
            List<String> machines,
            @Nullable Instant writtenSince,
            @Nullable Double writtenSeconds,
            List<String> nodesAway) {}

    /// Says what would be lost, and changes nothing.
    @PostMapping("/v1/failovers/{failover}/rollback-preview")
    RollbackPreview previewRollback(
            @RequestAttribute Caller caller, @PathVariable String failover) {
        Failover found = failovers.require(caller, failover);
        List<String> away = rollbacks.away(found);
        @Nullable Instant since = found.startedAt();
        boolean active = found.kind() != Failover.Kind.TEST && found.state().equals("active");
        return new RollbackPreview(
                found.id(),
                found.group(),
                found.state(),
                active && away.isEmpty(),
                found.machines().stream()
                        .map(copy ->
                                machines.find(copy.copy())
                                        .map(Machine::name)
                                        .orElse(copy.machine()))
                        .toList(),
                since,
                since == null ? null : Duration.between(since, Instant.now()).toMillis() / 1e3,
                away);
    }

    /// Takes a live failover or a move back: what was written since is dropped, and the machines start on the old volumes as they stood.
    ///
    /// @throws io.redoubt.core.fault.FaultException with [RecoveryFault.NotActive] or [RecoveryFault.SideAway]
    @PostMapping("/v1/failovers/{failover}/rollback")
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> rollBackFailover(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @PathVariable String failover) {
        Optional<Operation> before = operations.repeated(caller, key, failover, flows.rollBack());
        if (before.isPresent()) {
            return OperationView.accepted(before.get());
        }
        Failover found = failovers.require(caller, failover);
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        failover,
                        flows.rollBack(),
                        found.id(),
                        new ViewSteps.OneFailover(found.id()),
                        _ -> rollbacks.begin(found.id())));
    }

    /// Makes a live failover or a move final: there is no rollback any more. The same again changes nothing.
    ///
    /// @throws io.redoubt.core.fault.FaultException with [RecoveryFault.NotActive]
    @PostMapping("/v1/failovers/{failover}/commit")
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> commitFailover(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @PathVariable String failover) {
        Optional<Operation> before = operations.repeated(caller, key, failover, flows.commit());
        if (before.isPresent()) {
            return OperationView.accepted(before.get());
        }
        Failover found = failovers.require(caller, failover);
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        failover,
                        flows.commit(),
                        found.id(),
                        new ViewSteps.OneFailover(found.id()),
                        _ -> flows.commits().begin(found.id())));
    }

    /// After a commit: protects the machines where they run now towards their old zone, whose volumes become the journal's bases where they lie.
    ///
    /// @throws FaultException with a [RecoveryFault]; nothing changed then
    @PostMapping("/v1/protection-groups/{group}/reverse")
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> reverseProtectionGroup(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @PathVariable String group) {
        Optional<Operation> before = operations.repeated(caller, key, group, flows.reverse());
        if (before.isPresent()) {
            return OperationView.accepted(before.get());
        }
        Group found = flows.groups().require(caller, group);
        String failover =
                flows.reversals()
                        .committed(found.id())
                        .orElseThrow(() ->
                                new FaultException(
                                        new RecoveryFault.NotCommitted(
                                                found.name(), found.state())));
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        group,
                        flows.reverse(),
                        found.id(),
                        new ReverseWorkflow.OneReversal(failover),
                        _ -> flows.reversals().begin(found.id(), failover)));
    }
}
