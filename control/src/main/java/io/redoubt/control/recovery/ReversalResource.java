// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.identity.Caller;
import io.redoubt.control.operations.OperationView;
import io.redoubt.control.operations.Operations;
import io.redoubt.control.recovery.ReverseWorkflow.OneReversal;
import io.redoubt.control.web.Refusal;
import io.redoubt.core.fault.FaultException;
import io.redoubt.workflow.Operation;
import io.redoubt.workflow.Workflow;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestAttribute;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/// The reversal of the failover that a group stands on: how it stands, and the end of one that was refused.
@RestController
@RequestMapping("/v1/protection-groups/{group}/reversal")
class ReversalResource {
    private final Groups groups;
    private final Reversals reversals;
    private final Operations operations;
    private final Workflow<OneReversal> giveUp;

    ReversalResource(
            Groups groups,
            Reversals reversals,
            Operations operations,
            @Qualifier("giveUpReversal") Workflow<OneReversal> giveUp) {
        this.groups = groups;
        this.reversals = reversals;
        this.operations = operations;
        this.giveUp = giveUp;
    }

    /// @param state  running, refused (it can be tried again, or given up), giving-up
    /// @param reason what was in the way last
    record ReversalView(String failover, String state, @Nullable String reason, Instant since) {}

    /// @throws FaultException with [Refusal.NotFound] when the group stands on no committed failover, or nobody has begun to reverse that
    @GetMapping
    ReversalView getReversal(@RequestAttribute Caller caller, @PathVariable String group) {
        Group found = groups.require(caller, group);
        return reversals
                .committed(found.id())
                .flatMap(reversals::standing)
                .map(now ->
                        new ReversalView(
                                now.failover(),
                                now.state(),
                                now.reason().isEmpty() ? null : now.reason(),
                                now.since()))
                .orElseThrow(() -> new FaultException(new Refusal.NotFound("reversal", group)));
    }

    /// Gives a refused one up: whatever the old node began is taken back, and the next one begins anew.
    ///
    /// @throws FaultException with [RecoveryFault.NotRefused]
    @DeleteMapping
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> giveUpReversal(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @PathVariable String group) {
        Optional<Operation> before = operations.repeated(caller, key, group, giveUp);
        if (before.isPresent()) {
            return OperationView.accepted(before.get());
        }
        Group found = groups.require(caller, group);
        String failover =
                reversals
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
                        giveUp,
                        found.id(),
                        new OneReversal(failover),
                        _ -> reversals.beginGivingUp(found.id(), failover)));
    }
}
