// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.identity.Caller;
import io.redoubt.control.operations.OperationView;
import io.redoubt.control.operations.Operations;
import io.redoubt.control.web.Page;
import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.RetentionSet;
import io.redoubt.workflow.Step;
import io.redoubt.workflow.Workflow;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PatchMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestAttribute;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/// How long a group's journal keeps what: another ladder, another quota, and what either would let go.
@RestController
class RetentionResource {
    /// The numbers of so many points are named; how many there are is always said.
    private static final int NAMED_MAX = 1000;

    /// Below, the points of a group that writes anything at all would be hours old.
    private static final long STREAM_LIMIT_MIN = 64 << 10;

    private static final long STREAM_LIMIT_MAX = 1L << 40;

    private final Groups groups;
    private final Retentions retentions;
    private final GroupStates states;
    private final Alarms alarms;
    private final Operations operations;
    private final Workflow<OneJournal> change;

    RetentionResource(
            Groups groups,
            Retentions retentions,
            GroupStates states,
            Alarms alarms,
            Operations operations,
            @Qualifier("changeGroup") Workflow<OneJournal> change) {
        this.groups = groups;
        this.retentions = retentions;
        this.states = states;
        this.alarms = alarms;
        this.operations = operations;
        this.change = change;
    }

    record OneJournal(String group) {}

    @Configuration(proxyBeanMethods = false)
    static class Flows {
        @Bean
        Workflow<OneJournal> changeGroup(Retentions retentions) {
            return Workflow.named("protection-group.change", OneJournal.class)
                    .step(new TellReceiver(retentions));
        }
    }

    /// What was decided stays decided: a receiver that is away is told when it comes back.
    record TellReceiver(Retentions retentions) implements Step<OneJournal> {
        @Override
        public void run(OneJournal input) {
            retentions.tell(input.group());
        }
    }

    /// What is left out stays.
    ///
    /// @param journalQuotaBytes 0 for the usual one: three times the size of the volumes and 4 GiB
    /// @param streamBytesPerSecond what its streams may take of the links together; 0 for no limit
    /// @param rpoAlarmSeconds at which age of the newest point the alarm `rpo` is raised; at least two intervals
    /// @param whenIsolated `pause` or `continue`: what the machines do while their nodes hear neither control plane nor target zone
    record GroupChange(
            @Nullable List<Retention.Rung> ladder,
            @Nullable Long journalQuotaBytes,
            @Nullable Long streamBytesPerSecond,
            @Nullable Double rpoAlarmSeconds,
            @Nullable String whenIsolated) {
        boolean isEmpty() {
            return ladder == null
                    && journalQuotaBytes == null
                    && streamBytesPerSecond == null
                    && rpoAlarmSeconds == null
                    && whenIsolated == null;
        }

        WhenIsolated.@Nullable Wish wish() {
            return whenIsolated == null ? null : WhenIsolated.Wish.of(whenIsolated);
        }

        Retention over(Retention now) {
            Long quota = journalQuotaBytes;
            return new Retention(
                    Objects.requireNonNullElse(ladder, now.ladder()),
                    quota == null ? now.quotaBytes() : quota == 0 ? null : quota);
        }
    }

    /// What a change would do to the journal as it is now.
    ///
    /// @param bytes        in use
    /// @param percent      of the quota that they would be; from 85 on the oldest points go, too, whatever the ladder says
    /// @param goingPoints  how many the ladder would let go within a minute
    /// @param going        their numbers, the first 1000 of them, oldest first
    /// @param keepsAtMost  so many points the ladder keeps in the long run, named and protected ones apart
    record RetentionPreview(
            List<Retention.Rung> ladder,
            long journalQuotaBytes,
            long bytes,
            int percent,
            int goingPoints,
            List<Long> going,
            long keepsAtMost) {}

    @PatchMapping("/v1/protection-groups/{group}")
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> changeProtectionGroup(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @PathVariable String group,
            @RequestBody GroupChange body) {
        if (body.isEmpty()) {
            throw new IllegalArgumentException(
                    "a change of a protection group has ladder, journalQuotaBytes, streamBytesPerSecond, rpoAlarmSeconds or whenIsolated");
        }
        Long limit = body.streamBytesPerSecond();
        long streamLimit = streamLimit(limit);
        WhenIsolated.Wish isolated = body.wish();
        Group found = groups.require(caller, group);
        Double rpoAlarm = body.rpoAlarmSeconds();
        long rpoAlarmMillis = Alarms.rpoAlarmMillis(rpoAlarm, found.intervalMillis());
        Retention wanted = wanted(found, body);
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        List.of(found.id(), body),
                        change,
                        found.id(),
                        new OneJournal(found.id()),
                        _ -> {
                            Group now = groups.lock(found.id());
                            retentions.put(found.id(), wanted);
                            if (limit != null) {
                                groups.streamLimit(
                                        found.id(), streamLimit); // Roles tells the sources
                            }
                            if (rpoAlarm != null) {
                                alarms.rpoAlarm(found.id(), rpoAlarmMillis);
                            }
                            if (isolated != null) {
                                requireProtected(now);
                                groups.whenIsolated(now.id(), isolated); // Roles tells both sides
                            }
                        }));
    }

    /// What was and is wrong with the group, what lasts first.
    @GetMapping("/v1/protection-groups/{group}/alarms")
    Page<Alarms.Alarm> listAlarms(@RequestAttribute Caller caller, @PathVariable String group) {
        return new Page<>(alarms.of(groups.require(caller, group).id()), null);
    }

    /// Says which points a change would let go. Nothing is changed.
    @PostMapping("/v1/protection-groups/{group}/retention-preview")
    RetentionPreview previewRetention(
            @RequestAttribute Caller caller,
            @PathVariable String group,
            @RequestBody GroupChange body) {
        Group found = groups.require(caller, group);
        Retention wanted = wanted(found, body);
        RetentionSet told = retentions.preview(found, wanted);
        long quota = wanted.quota(Retentions.volumeBytes(found));
        return new RetentionPreview(
                wanted.ladder(),
                quota,
                told.getBytes(),
                (int) (100 * told.getBytes() / quota),
                told.getGoingPointsCount(),
                told.getGoingPointsList().stream().limit(NAMED_MAX).toList(),
                wanted.points(found.intervalMillis()));
    }

    /// While a group changes sides nobody knows which source it would be said to.
    private static void requireProtected(Group group) {
        if (!group.state().equals("protected")) {
            throw new FaultException(new RecoveryFault.NotProtected(group.name(), group.state()));
        }
    }

    /// @throws IllegalArgumentException with the bounds
    static long streamLimit(@Nullable Long bytesPerSecond) {
        long limit = Objects.requireNonNullElse(bytesPerSecond, 0L);
        if (limit != 0 && (limit < STREAM_LIMIT_MIN || limit > STREAM_LIMIT_MAX)) {
            throw new IllegalArgumentException(
                    "streamBytesPerSecond is 0 for no limit, or %d to %d, not %d"
                            .formatted(STREAM_LIMIT_MIN, STREAM_LIMIT_MAX, limit));
        }
        return limit;
    }

    private Retention wanted(Group group, GroupChange body) {
        Retention now = retentions.find(group.id());
        Retention wanted = body.over(now);
        long volumeBytes = Retentions.volumeBytes(group);
        wanted.require(group.intervalMillis(), volumeBytes);
        long quota = wanted.quota(volumeBytes);
        states.journal(group.id())
                .filter(journal -> quota < now.quota(volumeBytes) && quota <= journal.bytes())
                .ifPresent(journal -> {
                    throw new FaultException(
                            new RecoveryFault.QuotaBelowUse(group.name(), journal.bytes(), quota));
                });
        return wanted;
    }
}
