// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.redoubt.control.database.RandomId;
import io.redoubt.control.identity.Caller;
import io.redoubt.control.operations.OperationView;
import io.redoubt.control.operations.Operations;
import io.redoubt.control.web.Page;
import io.redoubt.core.Name;
import io.redoubt.core.fault.FaultException;
import io.redoubt.workflow.Workflow;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PatchMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestAttribute;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/// Recovery points of one group.
@RestController
@RequestMapping("/v1/protection-groups/{group}/recovery-points")
class PointResource {
    private static final double FREEZE_SECONDS = 5;
    private static final double FREEZE_SECONDS_MIN = 0.1;
    private static final double FREEZE_SECONDS_MAX = 10;

    private final Groups groups;
    private final Points points;
    private final Failovers failovers;
    private final Operations operations;
    private final PointOrders orders;
    private final PointReports reports;
    private final Flows flows;

    @Component("pointFlows")
    record Flows(
            @Qualifier("takePoint") Workflow<GroupWorkflows.OnePointNow> take,
            @Qualifier("protectPoint") Workflow<PointSteps.PointMark> protect,
            @Qualifier("deletePoint") Workflow<GroupWorkflows.OnePoint> delete) {}

    PointResource(
            Groups groups,
            Points points,
            Failovers failovers,
            Operations operations,
            PointOrders orders,
            PointReports reports,
            Flows flows) {
        this.groups = groups;
        this.points = points;
        this.failovers = failovers;
        this.operations = operations;
        this.orders = orders;
        this.reports = reports;
        this.flows = flows;
    }

    /// @param name          a word to find it by; a point with one is kept until it is deleted
    /// @param isProtected   it cannot be deleted before it is released; false when left out
    /// @param consistent    freeze the guests' file systems for the cut; false when left out
    /// @param freezeSeconds how long that may take, up to 10; 5 when left out
    record NewPoint(
            @Nullable String name,
            @JsonProperty("protected") @Nullable Boolean isProtected,
            @Nullable Boolean consistent,
            @Nullable Double freezeSeconds) {}

    /// @param isProtected false releases it
    record PointChange(@JsonProperty("protected") boolean isProtected) {}

    /// Newest first; `after` is a number, and what follows is older.
    @GetMapping
    Page<RecoveryPointView> listRecoveryPoints(
            @RequestAttribute Caller caller,
            @PathVariable String group,
            @RequestParam(required = false) @Nullable Integer limit,
            @RequestParam(required = false) @Nullable Long after) {
        int size = Page.limit(limit);
        Group found = groups.require(caller, group);
        Instant now = Instant.now();
        List<RecoveryPointView> older =
                points.list(found.id(), after == null ? Long.MAX_VALUE : after, size + 1).stream()
                        .map(point -> RecoveryPointView.of(point, now))
                        .toList();
        return Page.of(older, size, point -> Long.toString(point.number()));
    }

    /// @param number a number, or `newest`
    @GetMapping("/{number}")
    RecoveryPointView getRecoveryPoint(
            @RequestAttribute Caller caller,
            @PathVariable String group,
            @PathVariable String number) {
        Group found = groups.require(caller, group);
        long wanted =
                number.equals("newest") ? points.requireNewest(found).number() : number(number);
        return RecoveryPointView.of(points.requireKept(found, wanted), Instant.now())
                .with(reports.writes(found, wanted).orElse(null));
    }

    /// A point now. A name keeps it; a protection keeps it from being deleted, too. With `consistent` it is cut while the file systems of all
    /// running guests are frozen; when one does not freeze, the point says so and is as good as any other.
    @PostMapping
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> takeRecoveryPoint(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @PathVariable String group,
            @RequestBody NewPoint body) {
        PointOrders.Order wish = order(caller, body);
        Group found = groups.require(caller, group);
        String order = RandomId.next();
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        List.of(found.id(), body),
                        flows.take(),
                        found.id(),
                        new GroupWorkflows.OnePointNow(order, found.id()),
                        _ -> {
                            requireProtected(found);
                            orders.add(order, found.id(), wish);
                        }));
    }

    private static PointOrders.Order order(Caller caller, NewPoint body) {
        String name = Objects.requireNonNullElse(body.name(), "");
        if (!name.isEmpty()) {
            Name.require("recovery point", name);
        }
        boolean consistent = Objects.requireNonNullElse(body.consistent(), false);
        double seconds = Objects.requireNonNullElse(body.freezeSeconds(), FREEZE_SECONDS);
        if (!consistent && body.freezeSeconds() != null) {
            throw new IllegalArgumentException(
                    "freezeSeconds is for a point with consistent = true");
        }
        if (!(seconds >= FREEZE_SECONDS_MIN && seconds <= FREEZE_SECONDS_MAX)) {
            throw new IllegalArgumentException(
                    "freezeSeconds must be %.1f to %.0f, not %s"
                            .formatted(FREEZE_SECONDS_MIN, FREEZE_SECONDS_MAX, seconds));
        }
        return new PointOrders.Order(
                name,
                Objects.requireNonNullElse(body.isProtected(), false),
                caller.role(),
                consistent ? (int) Math.round(seconds * 1000) : 0,
                0,
                null);
    }

    /// Protects a point, so that nothing but a release and a deletion ends it; or releases it.
    @PatchMapping("/{number}")
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> protectRecoveryPoint(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @PathVariable String group,
            @PathVariable long number,
            @RequestBody PointChange body) {
        Group found = groups.require(caller, group);
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        List.of(found.id(), number, body),
                        flows.protect(),
                        found.id(),
                        new PointSteps.PointMark(
                                found.id(), number, found.receiverNode(), body.isProtected()),
                        _ -> points.require(groups.lock(found.id()), number)));
    }

    @DeleteMapping("/{number}")
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> deleteRecoveryPoint(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @PathVariable String group,
            @PathVariable long number) {
        Group found = groups.require(caller, group);
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        List.of(found.id(), number),
                        flows.delete(),
                        found.id(),
                        new GroupWorkflows.OnePoint(found.id(), number, found.receiverNode()),
                        _ -> requireUnused(groups.lock(found.id()), number)));
    }

    private static void requireProtected(Group group) {
        if (!group.state().equals("protected")) {
            throw new FaultException(new RecoveryFault.NotProtected(group.name(), group.state()));
        }
    }

    private void requireUnused(Group group, long number) {
        if (points.requireKept(group, number).isProtected()) {
            throw new FaultException(new RecoveryFault.PointProtected(group.name(), number));
        }
        failovers
                .standingOn(group.id(), number)
                .ifPresent(failover -> {
                    throw new FaultException(
                            new RecoveryFault.PointInUse(group.name(), number, failover));
                });
    }

    static long number(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "'%s' is not a recovery point: give a number or 'newest'".formatted(text), e);
        }
    }
}
