// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.identity;

import io.redoubt.control.web.Refusal;
import io.redoubt.core.fault.FaultException;

/// Who a request's token speaks for. Resources take it from the request's attributes, never from its path or body.
///
/// @param role `operator`, who may change the region itself, or `owner` of a tenant
public record Caller(String tenant, String role) {
    static final String OPERATOR = "operator";
    static final String OWNER = "owner";

    /// @throws FaultException with [Refusal.OperatorsOnly]
    public void requireOperator() {
        if (!role.equals(OPERATOR)) {
            throw new FaultException(new Refusal.OperatorsOnly());
        }
    }
}
