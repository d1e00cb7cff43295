// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core.fault;

import org.jspecify.annotations.Nullable;

/// The one exception for foreseen failures. The message holds the fault's message and remedy.
public final class FaultException extends RuntimeException {
    private final transient Fault fault;

    public FaultException(Fault fault) {
        this(fault, null);
    }

    public FaultException(Fault fault, @Nullable Throwable cause) {
        super(fault.message() + " Remedy: " + fault.remedy(), cause);
        this.fault = fault;
    }

    public Fault fault() {
        return fault;
    }
}
