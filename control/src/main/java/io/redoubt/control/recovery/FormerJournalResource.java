// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.identity.Caller;
import io.redoubt.control.operations.OperationView;
import io.redoubt.control.operations.Operations;
import io.redoubt.control.web.Page;
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

/// The journals that a group left behind when it turned round.
@RestController
@RequestMapping("/v1/protection-groups/{group}/former-journals")
class FormerJournalResource {
    private final Groups groups;
    private final FormerJournals journals;
    private final Operations operations;
    private final Workflow<GroupWorkflows.OneGroup> forget;

    FormerJournalResource(
            Groups groups,
            FormerJournals journals,
            Operations operations,
            @Qualifier("forgetJournals") Workflow<GroupWorkflows.OneGroup> forget) {
        this.groups = groups;
        this.journals = journals;
        this.operations = operations;
        this.forget = forget;
    }

    /// @param lineage the history that it holds
    /// @param point   that the next history went on from
    /// @param since   when the group turned round
    record FormerJournalView(String node, String lineage, long point, Instant since) {}

    /// Oldest first. Their points are not the group's any more; `redoubt journal` reads them on their node.
    @GetMapping
    Page<FormerJournalView> listFormerJournals(
            @RequestAttribute Caller caller, @PathVariable String group) {
        Group found = groups.require(caller, group);
        return new Page<>(
                journals.of(found.id()).stream()
                        .map(each ->
                                new FormerJournalView(
                                        each.node(), each.lineage(), each.point(), each.since()))
                        .toList(),
                null);
    }

    /// Gives them up for good, with their points, their branches and the volumes that they were begun with.
    ///
    /// @throws io.redoubt.core.fault.FaultException with [RecoveryFault.GroupInUse] while a volume is copied out of one
    @DeleteMapping
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> forgetFormerJournals(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @PathVariable String group) {
        Optional<Operation> before = operations.repeated(caller, key, group, forget);
        if (before.isPresent()) {
            return OperationView.accepted(before.get());
        }
        Group found = groups.require(caller, group);
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        group,
                        forget,
                        found.id(),
                        new GroupWorkflows.OneGroup(found.id()),
                        _ -> journals.requireNothingCopied(groups.lock(found.id()))));
    }
}
