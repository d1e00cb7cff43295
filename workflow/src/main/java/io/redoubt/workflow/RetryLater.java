// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.workflow;

import io.redoubt.core.fault.Fault;
import java.time.Duration;

/// What a step waits for is not there yet. After the step's patience the fault becomes the operation's.
public final class RetryLater extends RuntimeException {
    private final transient Fault fault;
    private final Duration pause;

    public RetryLater(Fault fault, Duration pause) {
        super(fault.message());
        this.fault = fault;
        this.pause = pause;
    }

    public Fault fault() {
        return fault;
    }

    public Duration pause() {
        return pause;
    }
}
