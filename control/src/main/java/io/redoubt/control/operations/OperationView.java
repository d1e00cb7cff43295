// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.operations;

import io.redoubt.workflow.Operation;
import java.net.URI;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;

/// An operation as the API shows it.
public record OperationView(
        String id,
        String kind,
        String target,
        String state,
        Instant createdAt,
        @Nullable Instant endedAt,
        long change,
        List<StepView> steps,
        @Nullable FaultView fault) {

    public record StepView(
            String name,
            String state,
            int attempts,
            @Nullable Instant startedAt,
            @Nullable Instant endedAt,
            @Nullable String note) {}

    public record FaultView(String cause, String message, String remedy) {}

    public static OperationView of(Operation operation) {
        Operation.Failure fault = operation.fault();
        return new OperationView(
                operation.id(),
                operation.kind(),
                operation.target(),
                operation.state().name().toLowerCase(Locale.ROOT),
                operation.createdAt(),
                operation.endedAt(),
                operation.change(),
                operation.steps().stream().map(OperationView::step).toList(),
                fault == null
                        ? null
                        : new FaultView(fault.cause(), fault.message(), fault.remedy()));
    }

    /// 202, and where to watch.
    public static ResponseEntity<OperationView> accepted(Operation operation) {
        return ResponseEntity.accepted()
                .location(URI.create("/v1/operations/" + operation.id()))
                .body(of(operation));
    }

    private static StepView step(Operation.StepState step) {
        return new StepView(
                step.name(),
                step.state().name().toLowerCase(Locale.ROOT),
                step.attempts(),
                step.startedAt(),
                step.endedAt(),
                step.note());
    }
}
