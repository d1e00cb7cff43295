// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.workflow;

import io.redoubt.core.fault.Fault;

/// Every way that the engine itself says no.
public sealed interface WorkflowFault extends Fault {

    /// An idempotency key came back with another wish.
    record KeyReused(String key, String operation) implements WorkflowFault {
        @Override
        public String message() {
            return "idempotency key '%s' was used for another request (operation %s)"
                    .formatted(key, operation);
        }

        @Override
        public String remedy() {
            return "Send a new key with a new request, the same key only with the same request.";
        }
    }

    /// A step threw what nobody foresaw, again and again.
    record StepBroke(String step, int attempts, String error) implements WorkflowFault {
        @Override
        public String message() {
            return "step '%s' failed %d times: %s".formatted(step, attempts, error);
        }

        @Override
        public String remedy() {
            return "The control plane's log has the whole chain of causes. Repeat the request when it is solved.";
        }
    }
}
