// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.gateway;

import io.redoubt.control.web.Refusal;

/// Every way that a node does not do what it was told.
public sealed interface NodeFault extends Refusal {

    /// No session: the node, its host or the way to it is down.
    record Away(String node) implements NodeFault {
        @Override
        public Kind kind() {
            return Kind.AWAY;
        }

        @Override
        public String message() {
            return "node %s is not connected".formatted(node);
        }

        @Override
        public String remedy() {
            return "Look whether its process runs and reaches the control plane: redoubt status.";
        }
    }

    /// The command went out; whether it was done is unknown.
    record NoAnswer(String node, String command, long millis) implements NodeFault {
        @Override
        public Kind kind() {
            return Kind.AWAY;
        }

        @Override
        public String message() {
            return "node %s did not answer '%s' within %d ms".formatted(node, command, millis);
        }

        @Override
        public String remedy() {
            return "It is asked again as long as the operation is patient; look at the node's log.";
        }
    }

    /// The node said no, in its own words.
    record Refused(String node, String code, String message, String remedy) implements NodeFault {
        @Override
        public Kind kind() {
            return Kind.CONFLICT;
        }
    }
}
