// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.compute.Machines;
import io.redoubt.control.database.RandomId;
import io.redoubt.control.gateway.Nodes;
import io.redoubt.control.identity.Caller;
import io.redoubt.control.operations.OperationView;
import io.redoubt.control.operations.Operations;
import io.redoubt.control.web.Page;
import io.redoubt.core.fault.FaultException;
import io.redoubt.workflow.Operation;
import io.redoubt.workflow.Workflow;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
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

/// Failovers, tests and live ones.
@RestController
class FailoverResource {
    private final Failovers failovers;
    private final Groups groups;
    private final Losses losses;
    private final Machines machines;
    private final Operations operations;
    private final Flows flows;

    @Component
    record Flows(
            @Qualifier("liveFailover") Workflow<ViewSteps.OneFailover> live,
            @Qualifier("plannedMove") Workflow<ViewSteps.OneFailover> move,
            @Qualifier("testFailover") Workflow<ViewSteps.OneFailover> test,
            @Qualifier("tearDown") Workflow<ViewSteps.OneFailover> tearDown,
            Nodes nodes,
            Words words) {
        Workflow<ViewSteps.OneFailover> of(Failover.Kind kind) {
            return switch (kind) {
                case TEST -> test;
                case LIVE -> live;
                case MOVE -> move;
            };
        }
    }

    FailoverResource(
            Failovers failovers,
            Groups groups,
            Losses losses,
            Machines machines,
            Operations operations,
            Flows flows) {
        this.failovers = failovers;
        this.groups = groups;
        this.losses = losses;
        this.machines = machines;
        this.operations = operations;
        this.flows = flows;
    }

    /// @param kind  `test`, `live` or `move`
    /// @param point       a number or `newest`, which it also is when left out; a move goes to a point of its own
    /// @param sourceIsOff of a live one: a person's word, recorded, that nodes which do not answer are off and stay off; without it a group that
    ///                    goes on when it is isolated waits for their release
    record NewFailover(
            String group, String kind, @Nullable String point, @Nullable String sourceIsOff) {}

    /// Decides. A live one takes the right to write from the old side, whatever became of it; a move stops the machines first and loses
    /// nothing.
    @PostMapping("/v1/failovers")
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> createFailover(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @RequestBody NewFailover body) {
        Failover.Kind kind =
                switch (String.valueOf(body.kind())) {
                    case "live" -> Failover.Kind.LIVE;
                    case "test" -> Failover.Kind.TEST;
                    case "move" -> Failover.Kind.MOVE;
                    default ->
                            throw new IllegalArgumentException(
                                    "kind is test, live or move, not '%s'".formatted(body.kind()));
                };
        Group group = groups.require(caller, body.group());
        long number =
                body.point() == null || body.point().equals("newest")
                        ? 0
                        : PointResource.number(body.point());
        if (kind == Failover.Kind.MOVE && number != 0) {
            throw new IllegalArgumentException(
                    "a move makes a last point and goes there: leave out the point");
        }
        String word = body.sourceIsOff();
        @Nullable String sourceIsOff = word == null ? null : Words.require("sourceIsOff", word);
        if (sourceIsOff != null && kind != Failover.Kind.LIVE) {
            throw new IllegalArgumentException("sourceIsOff is said with a live failover");
        }
        String id = RandomId.next();
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        body,
                        flows.of(kind),
                        id,
                        new ViewSteps.OneFailover(id),
                        operation -> {
                            requireReceiver(group);
                            failovers.decide(id, operation, group.id(), kind, number);
                            if (sourceIsOff != null) {
                                flows.words()
                                        .say(
                                                caller,
                                                group,
                                                id,
                                                Words.About.SOURCE_OFF,
                                                sourceIsOff);
                            }
                        }));
    }

    @GetMapping("/v1/failovers")
    Page<FailoverView> listFailovers(
            @RequestAttribute Caller caller,
            @RequestParam(required = false) @Nullable Integer limit,
            @RequestParam(required = false, defaultValue = "") String after) {
        return Page.of(
                limit, size -> failovers.list(caller, after, size), this::view, FailoverView::id);
    }

    @GetMapping("/v1/failovers/{failover}")
    FailoverView getFailover(@RequestAttribute Caller caller, @PathVariable String failover) {
        return view(failovers.require(caller, failover));
    }

    /// Tears a test down.
    ///
    /// @throws FaultException with [RecoveryFault.NotATest]
    @DeleteMapping("/v1/failovers/{failover}")
    @ResponseStatus(HttpStatus.ACCEPTED)
    ResponseEntity<OperationView> deleteFailover(
            @RequestAttribute Caller caller,
            @RequestHeader(name = "Idempotency-Key", required = false) @Nullable String key,
            @PathVariable String failover) {
        Optional<Operation> before = operations.repeated(caller, key, failover, flows.tearDown());
        if (before.isPresent()) {
            return OperationView.accepted(before.get());
        }
        Failover found = failovers.require(caller, failover);
        return OperationView.accepted(
                operations.begin(
                        caller,
                        key,
                        failover,
                        flows.tearDown(),
                        found.id(),
                        new ViewSteps.OneFailover(found.id()),
                        _ -> {
                            requireTest(found);
                            failovers.state(found.id(), "deleting");
                        }));
    }

    /// Before anything is decided: without the journal there is nothing to recover.
    private void requireReceiver(Group group) {
        if (!flows.nodes().connected(group.receiverNode())) {
            throw new FaultException(
                    new RecoveryFault.ReceiverAway(group.name(), group.receiverNode()));
        }
    }

    private static void requireTest(Failover failover) {
        if (failover.kind() != Failover.Kind.TEST || !failover.state().equals("active")) {
            String what =
                    failover.kind().name().toLowerCase(Locale.ROOT) + " and " + failover.state();
            throw new FaultException(new RecoveryFault.NotATest(failover.id(), what));
        }
    }

    private FailoverView view(Failover failover) {
        @Nullable Duration rpo = failover.rpo();
        List<FailoverView.CopyView> copies =
                failover.machines().stream()
                        .map(copy ->
                                FailoverView.CopyView.of(
                                        copy, machines.find(copy.copy()).orElse(null)))
                        .toList();
        return new FailoverView(
                failover.id(),
                failover.operation(),
                failover.group(),
                failover.kind().name().toLowerCase(Locale.ROOT),
                failover.state(),
                failover.term(),
                PointView.of(failover.point(), Instant.now()),
                failover.view(),
                failover.node(),
                failover.decidedAt(),
                failover.released(),
                failover.releasedVseqs(),
                failover.releases().stream().map(FailoverView.ReleaseView::of).toList(),
                rpo == null ? null : rpo.toMillis() / 1000.0,
                losses.of(failover.id()).orElse(null),
                failover.rto(),
                failover.compared(),
                failover.copiedWhole(),
                copies);
    }
}
