// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.compute.Machine;
import io.redoubt.control.database.RandomId;
import io.redoubt.control.identity.Caller;
import io.redoubt.control.operations.OperationView;
import io.redoubt.control.operations.Operations;
import io.redoubt.control.web.Page;
import io.redoubt.core.Name;
import io.redoubt.core.fault.FaultException;
import io.redoubt.workflow.Operation;
import io.redoubt.workflow.Workflow;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestAttribute;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/// Protection groups.
@RestController
class GroupResource {
    private static final double INTERVAL_SECONDS = 5;
    private static final double INTERVAL_SECONDS_MIN = 1;
    private static final double INTERVAL_SECONDS_MAX = 3600;
    private static final int FIRST_TERM = 1;

    private final Groups groups;
    private final GroupViews views;
    private final Members members;
    private final Failovers failovers;
    private final Operations operations;
    private final Flows flows;

    @Component
    record Flows(
            @Qualifier("createGroup") Workflow<GroupWorkflows.OneGroup> create,
            @Qualifier("deleteGroup") Workflow<GroupWorkflows.OneGroup> delete) {}

    /// Where a new group's parts are looked up.
    @Component
    record Members(
            Candidates candidates,
            Points points,
            Retentions retentions,
            Words words,
            Grants grants,
            Alarms alarms,
            EndedGroups ended) {

        /// @throws FaultException with [RecoveryFault.GroupInUse] while a volume is copied out of the group's journal
        void requireNoneCopied(Group group) {
            var copied = candidates.volumes().copiedFrom(group.id());
            if (!copied.isEmpty()) {
                throw new FaultException(
                        new RecoveryFault.GroupInUse(
                                group.name(),
                                "volume %s, which is copied out of its journal"
                                        .formatted(copied.getFirst().name())));
            }
        }
    }

    GroupResource(
            Groups groups,
            GroupViews views,
            Members members,
            Failovers failovers,
            Operations operations,
            Flows flows) {
        this.groups = groups;
        this.views = views;
        this.members = members;
        this.failovers = failovers;
        this.operations = operations;
        this.flows = flows;
    }

    /// @param intervalSeconds   between recovery points, 1 to 3600; 5 when left out
    /// @param ladder            how many points are kept of each age: all of an hour, one a minute of a day, one a quarter of an hour of a week
    ///                          and one an hour of thirty days when left out
    /// @param journalQuotaBytes three times the size of the volumes and 4 GiB when left out or 0
    /// @param streamBytesPerSecond what its streams may take of the links together; no limit when left out or 0
    /// @param rpoAlarmSeconds   at which age of the newest point the alarm `rpo` is raised, at least two intervals; 60, or two intervals, when left out
    /// @param whenIsolated      what the machines do while their nodes hear neither control plane nor target zone: `pause` when left out, or `continue`
    record NewGroup(
            String name,
            List<String> machines,
            String targetZone,
            @Nullable Double intervalSeconds,
            @Nullable List<Retention.Rung> ladder,
            @Nullable Long journalQuotaBytes,
            @Nullable Long streamBytesPerSecond,
            @Nullable Double rpoAlarmSeconds,
            @Nullable String whenIsolated) {}

    @PostMapping("/v1/protection-groups")
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> createProtectionGroup(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @RequestBody NewGroup body) {
        Group group = group(caller, body);
        Retention retention =
                new RetentionResource.GroupChange(
                                body.ladder(), body.journalQuotaBytes(), null, null, null)
                        .over(Retention.USUAL);
        retention.require(group.intervalMillis(), Retentions.volumeBytes(group));
        long rpoAlarm = Alarms.rpoAlarmMillis(body.rpoAlarmSeconds(), group.intervalMillis());
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        body,
                        flows.create(),
                        group.id(),
                        input(group),
                        _ -> {
                            group.volumes()
                                    .forEach(disk ->
                                            members.candidates()
                                                    .volumes()
                                                    .requireNotReverting(disk.volume()));
                            groups.add(group);
                            members.retentions().put(group.id(), retention);
                            members.alarms().rpoAlarm(group.id(), rpoAlarm);
                        }));
    }

    @GetMapping("/v1/protection-groups")
    Page<GroupView> listProtectionGroups(
            @RequestAttribute Caller caller,
            @RequestParam(required = false) @Nullable Integer limit,
            @RequestParam(required = false, defaultValue = "") String after) {
        return groups.rows().page(caller, limit, after, views::of, GroupView::name);
    }

    @GetMapping("/v1/protection-groups/{group}")
    GroupView getProtectionGroup(@RequestAttribute Caller caller, @PathVariable String group) {
        return views.of(groups.require(caller, group));
    }

    /// Ends the protection; the recovery points go with it.
    ///
    /// @param evenIfAway wait for no node: one that is away is told when it comes back. The journal goes on granting to a source that has not
    ///                   been told, and goes after it
    @DeleteMapping("/v1/protection-groups/{group}")
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> deleteProtectionGroup(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @PathVariable String group,
            @RequestParam(required = false, defaultValue = "false") boolean evenIfAway) {
        Object wish = evenIfAway ? List.of(group, "even-if-away") : group;
        Optional<Operation> before = operations.repeated(caller, key, wish, flows.delete());
        if (before.isPresent()) {
            return OperationView.accepted(before.get());
        }
        Group found = groups.require(caller, group);
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        wish,
                        flows.delete(),
                        found.id(),
                        input(found),
                        _ -> {
                            groups.lock(found.id());
                            List<Long> kept = members.points().protectedOnes(found.id());
                            if (!kept.isEmpty()) {
                                throw new FaultException(
                                        new RecoveryFault.GroupHasProtected(found.name(), kept));
                            }
                            Optional<String> open = failovers.openOn(found.id());
                            if (open.isPresent()) {
                                throw new FaultException(
                                        new RecoveryFault.GroupInUse(
                                                found.name(), "failover " + open.get()));
                            }
                            members.requireNoneCopied(found);
                            groups.state(found.id(), "deleting");
                            if (evenIfAway) {
                                members.ended().remember(found);
                            }
                        }));
    }

    /// What persons gave their word for, oldest first: that a source is off, or a receiver lost.
    @GetMapping("/v1/protection-groups/{group}/words")
    Page<Words.Word> listWords(@RequestAttribute Caller caller, @PathVariable String group) {
        return new Page<>(members.words().of(groups.require(caller, group).id()), null);
    }

    /// @param word that the receiver is lost with its journal, and was not promoted; recorded
    record LostReceiver(String word) {}

    /// A source whose host has booted anew is granted to only once the receiver has confirmed its role. When that is lost for good, a person
    /// says so instead, until it is heard again.
    @PostMapping("/v1/protection-groups/{group}/receiver-lost")
    GroupView callReceiverLost(
            @RequestAttribute Caller caller,
            @PathVariable String group,
            @RequestBody LostReceiver body) {
        Group found = groups.require(caller, group);
        String word = Words.require("word", Objects.requireNonNullElse(body.word(), ""));
        if (!Group.silent(found.receiverSeenAt(), Instant.now())) {
            throw new FaultException(
                    new RecoveryFault.ReceiverHeard(found.name(), found.receiverNode()));
        }
        members.words().say(caller, found, "", Words.About.RECEIVER_LOST, word);
        members.grants().receiverLost(found.id());
        return views.of(found);
    }

    private Group group(Caller caller, NewGroup body) {
        Name.require("protection group", body.name());
        double interval =
                body.intervalSeconds() == null ? INTERVAL_SECONDS : body.intervalSeconds();
        if (!(interval >= INTERVAL_SECONDS_MIN && interval <= INTERVAL_SECONDS_MAX)) {
            throw new IllegalArgumentException(
                    "intervalSeconds must be %.0f to %.0f, not %s"
                            .formatted(INTERVAL_SECONDS_MIN, INTERVAL_SECONDS_MAX, interval));
        }
        if (body.machines() == null || body.machines().isEmpty()) {
            throw new IllegalArgumentException("a protection group has at least one machine");
        }
        Candidates candidates = members.candidates();
        List<Machine> machines = candidates.require(caller, body.machines());
        Machine first = machines.getFirst();
        String target = candidates.region().requireZone(body.targetZone());
        candidates.requireTogether(machines, first.zone(), target);
        List<Group.Member> volumes = candidates.volumesOf(machines);
        return new Group(
                RandomId.next(),
                caller.tenant(),
                body.name(),
                "making",
                FIRST_TERM,
                false,
                false,
                UUID.randomUUID().toString().replace("-", ""),
                first.zone(),
                target,
                candidates.sources(volumes),
                candidates.region().place(target).id(),
                (int) Math.round(interval * 1000),
                RetentionResource.streamLimit(body.streamBytesPerSecond()),
                WhenIsolated.first(
                        WhenIsolated.Wish.of(
                                Objects.requireNonNullElse(body.whenIsolated(), "pause"))),
                null,
                machines.stream().map(Machine::id).toList(),
                volumes,
                1,
                List.of());
    }

    private static GroupWorkflows.OneGroup input(Group group) {
        return new GroupWorkflows.OneGroup(group.id());
    }
}
