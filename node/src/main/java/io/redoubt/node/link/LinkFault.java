// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.link;

import io.redoubt.core.fault.Fault;

/// Why a node cannot speak to its region.
public sealed interface LinkFault extends Fault {
    /// The control plane did not take the join.
    record NotJoined(String address, String cause) implements LinkFault {
        @Override
        public String message() {
            return "The region at %s did not let this node join: %s.".formatted(address, cause);
        }

        @Override
        public String remedy() {
            return "Ask for a new join token for this zone and start the node with it; a token serves once.";
        }
    }

    /// There is no certificate yet and nothing to get one with.
    record NoToken(String home) implements LinkFault {
        @Override
        public String message() {
            return "The node in %s has not joined a region yet, and no token was given."
                    .formatted(home);
        }

        @Override
        public String remedy() {
            return "Start it with --control HOST:PORT --ca FILE --token-file FILE.";
        }
    }
}
