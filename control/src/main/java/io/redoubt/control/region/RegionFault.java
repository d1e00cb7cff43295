// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.region;

import io.redoubt.control.web.Refusal;

/// Every way that the region refuses a node or a wish.
sealed interface RegionFault extends Refusal {

    /// The same answer for an unknown, a used, an expired and a foreign token.
    record TokenRefused() implements RegionFault {
        @Override
        public Kind kind() {
            return Kind.UNAUTHORISED;
        }

        @Override
        public String message() {
            return "the join token is unknown, used, expired, or of another zone";
        }

        @Override
        public String remedy() {
            return "Ask for a new one, POST /v1/join-tokens, and use it within the hour.";
        }
    }

    /// A zone where nobody can take it.
    record NoNode(String zone) implements RegionFault {
        @Override
        public Kind kind() {
            return Kind.AWAY;
        }

        @Override
        public String message() {
            return "zone '%s' has no node that is connected".formatted(zone);
        }

        @Override
        public String remedy() {
            return "Start a node of that zone: redoubt node --zone " + zone;
        }
    }
}
