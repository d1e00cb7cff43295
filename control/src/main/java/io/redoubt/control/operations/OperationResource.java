// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.operations;

import io.redoubt.control.identity.Caller;
import io.redoubt.control.web.Page;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestAttribute;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/// What was asked for, and how far it is.
@RestController
class OperationResource {
    private static final int WAIT_SECONDS_MAX = 30;

    private final Operations operations;

    OperationResource(Operations operations) {
        this.operations = operations;
    }

    /// Newest first.
    @GetMapping("/v1/operations")
    Page<OperationView> listOperations(
            @RequestAttribute Caller caller,
            @RequestParam(required = false) @Nullable Integer limit,
            @RequestParam(required = false) @Nullable String after) {
        int size = Page.limit(limit);
        return Page.of(
                operations.list(caller, after, size + 1).stream().map(OperationView::of).toList(),
                size,
                OperationView::id);
    }

    /// Answers at once, or when the operation changed after `since`, at the latest after `waitSeconds`.
    @GetMapping("/v1/operations/{operation}")
    OperationView getOperation(
            @RequestAttribute Caller caller,
            @PathVariable String operation,
            @RequestParam(required = false) @Nullable Long since,
            @RequestParam(required = false, defaultValue = "0") int waitSeconds)
            throws InterruptedException {
        if (waitSeconds < 0 || waitSeconds > WAIT_SECONDS_MAX) {
            throw new IllegalArgumentException(
                    "waitSeconds must be 0 to %d, not %d".formatted(WAIT_SECONDS_MAX, waitSeconds));
        }
        return OperationView.of(
                operations.watch(caller, operation, since, Duration.ofSeconds(waitSeconds)));
    }
}
