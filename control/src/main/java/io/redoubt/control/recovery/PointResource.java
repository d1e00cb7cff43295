// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

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
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
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
    private final Groups groups;
    private final Points points;
    private final Failovers failovers;
    private final Operations operations;
    private final JdbcClient sql;
    private final Workflow<GroupWorkflows.OnePointNow> take;
    private final Workflow<GroupWorkflows.OnePoint> delete;

    PointResource(
            Groups groups,
            Points points,
            Failovers failovers,
            Operations operations,
            JdbcClient sql,
            @Qualifier("takePoint") Workflow<GroupWorkflows.OnePointNow> take,
            @Qualifier("deletePoint") Workflow<GroupWorkflows.OnePoint> delete) {
        this.groups = groups;
        this.points = points;
        this.failovers = failovers;
        this.operations = operations;
        this.sql = sql;
        this.take = take;
        this.delete = delete;
    }

    record NewPoint(String name) {}

    /// Newest first; `after` is a number, and what follows is older.
    @GetMapping
    Page<PointView> listRecoveryPoints(
            @RequestAttribute Caller caller,
            @PathVariable String group,
            @RequestParam(required = false) @Nullable Integer limit,
            @RequestParam(required = false) @Nullable Long after) {
        int size = Page.limit(limit);
        Group found = groups.require(caller, group);
        Instant now = Instant.now();
        List<PointView> older =
                points.list(found.id(), after == null ? Long.MAX_VALUE : after, size + 1).stream()
                        .map(point -> PointView.of(point, now))
                        .toList();
        return Page.of(older, size, point -> Long.toString(point.number()));
    }

    /// @param number a number, or `newest`
    @GetMapping("/{number}")
    PointView getRecoveryPoint(
            @RequestAttribute Caller caller,
            @PathVariable String group,
            @PathVariable String number) {
        Group found = groups.require(caller, group);
        Point point =
                number.equals("newest")
                        ? points.requireNewest(found)
                        : points.require(found, number(number));
        return PointView.of(point, Instant.now());
    }

    /// A point now, under a name.
    @PostMapping
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> takeRecoveryPoint(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @PathVariable String group,
            @RequestBody NewPoint body) {
        Name.require("recovery point", body.name());
        Group found = groups.require(caller, group);
        String order = RandomId.next();
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        List.of(found.id(), body),
                        take,
                        found.id(),
                        new GroupWorkflows.OnePointNow(order, found.id()),
                        _ -> {
                            requireProtected(found);
                            sql.sql("insert into point_order (id, group_id, name) values (?, ?, ?)")
                                    .params(order, found.id(), body.name())
                                    .update();
                        }));
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
                        delete,
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
        points.require(group, number);
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
