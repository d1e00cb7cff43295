// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.compute.Machine;
import io.redoubt.control.identity.Caller;
import io.redoubt.control.operations.OperationView;
import io.redoubt.control.operations.Operations;
import io.redoubt.core.fault.FaultException;
import io.redoubt.workflow.Operation;
import io.redoubt.workflow.Workflow;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestAttribute;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/// The machines of a group, while it lives.
@RestController
class MemberResource {
    private final Groups groups;
    private final Memberships memberships;
    private final Candidates candidates;
    private final Operations operations;
    private final Flows flows;

    @Component
    record Flows(
            @Qualifier("addMembers") Workflow<MemberWorkflows.Change> add,
            @Qualifier("removeMembers") Workflow<MemberWorkflows.Change> remove) {}

    MemberResource(
            Groups groups,
            Memberships memberships,
            Candidates candidates,
            Operations operations,
            Flows flows) {
        this.groups = groups;
        this.memberships = memberships;
        this.candidates = candidates;
        this.operations = operations;
        this.flows = flows;
    }

    /// @param machines names or ids; those that are members already stay so
    record MoreMachines(List<String> machines) {}

    /// Machines join: points count all of their disks from their first complete copy on. The points until then stay as they are.
    ///
    /// @throws FaultException with [RecoveryFault.NotNow] or [RecoveryFault.BadMembers]
    @PostMapping("/v1/protection-groups/{group}/machines")
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> addMachines(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @PathVariable String group,
            @RequestBody MoreMachines body) {
        if (body.machines() == null || body.machines().isEmpty()) {
            throw new IllegalArgumentException("name at least one machine");
        }
        Group found = groups.require(caller, group);
        List<Machine> wanted =
                candidates.require(caller, List.copyOf(new HashSet<>(body.machines())));
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        List.of(group, body),
                        flows.add(),
                        found.id(),
                        change(found, wanted),
                        _ -> join(groups.lock(found.id()), wanted)));
    }

    private void join(Group group, List<Machine> wanted) {
        memberships.requireFree(group);
        List<Memberships.Known> known = memberships.known(ids(wanted));
        for (Memberships.Known machine : known) {
            if (!machine.group().equals(group.id())) {
                throw new FaultException(
                        new RecoveryFault.BadMembers(
                                "machine '%s' is in another protection group"
                                        .formatted(machine.name()),
                                "Remove it there first: redoubt group remove."));
            }
            if (machine.standing().equals("leaving")) {
                throw new FaultException(
                        new RecoveryFault.BadMembers(
                                "machine '%s' is leaving protection group '%s'"
                                        .formatted(machine.name(), group.name()),
                                "Wait until it has left; when a node was away, remove it again and then add it."));
            }
        }
        Set<String> there =
                known.stream().map(Memberships.Known::machine).collect(Collectors.toSet());
        List<Machine> fresh = wanted.stream().filter(m -> !there.contains(m.id())).toList();
        if (fresh.isEmpty()) {
            return; // asked for again: its steps find everything as it is to be
        }
        candidates.requireTogether(fresh, group.sourceZone(), group.targetZone());
        List<Group.Member> volumes = candidates.volumesOf(fresh);
        volumes.forEach(volume -> candidates.volumes().requireNotReverting(volume.volume()));
        memberships.join(group.id(), fresh, volumes);
    }

    /// A machine leaves: later points count it no more and wait for none of its disks; those until now keep it until they expire. Again while it
    /// is leaving goes on from there.
    ///
    /// @throws FaultException with [RecoveryFault.NotNow], [RecoveryFault.NoMember] or [RecoveryFault.LastMember]
    @DeleteMapping("/v1/protection-groups/{group}/machines/{machine}")
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> removeMachine(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @PathVariable String group,
            @PathVariable String machine) {
        List<String> wish = List.of(group, machine);
        Optional<Operation> before = operations.repeated(caller, key, wish, flows.remove());
        if (before.isPresent()) {
            return OperationView.accepted(before.get());
        }
        Group found = groups.require(caller, group);
        List<Machine> named = candidates.require(caller, List.of(machine));
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        wish,
                        flows.remove(),
                        found.id(),
                        change(found, named),
                        _ -> leave(groups.lock(found.id()), named.getFirst())));
    }

    private void leave(Group group, Machine machine) {
        memberships.requireFree(group);
        boolean known =
                memberships.known(List.of(machine.id())).stream()
                        .anyMatch(one -> one.group().equals(group.id()));
        if (!known) {
            throw new FaultException(new RecoveryFault.NoMember(group.name(), machine.name()));
        }
        if (group.machines().equals(List.of(machine.id()))) {
            throw new FaultException(new RecoveryFault.LastMember(group.name()));
        }
        memberships.leave(group.id(), List.of(machine.id()));
    }

    private static List<String> ids(List<Machine> machines) {
        return machines.stream().map(Machine::id).toList();
    }

    private static MemberWorkflows.Change change(Group group, List<Machine> machines) {
        return new MemberWorkflows.Change(group.id(), ids(machines));
    }
}
