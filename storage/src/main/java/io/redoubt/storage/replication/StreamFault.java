// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.fault.Fault;

/// Every way that one side of a stream refuses the other. The connection ends; the source connects again and resumes.
public sealed interface StreamFault extends Fault {
    /// Bytes that are no frame, or a frame that makes no sense here.
    record Garbled(String what) implements StreamFault {
        @Override
        public String message() {
            return "The replication stream is garbled: " + what + ".";
        }

        @Override
        public String remedy() {
            return "It resumes by itself; if it happens again, look at the network between the nodes.";
        }
    }

    /// A number is missing.
    record Gap(int slot, long expected, long got) implements StreamFault {
        @Override
        public String message() {
            return "Member %d of the stream must go on after write %d, not after %d."
                    .formatted(slot, expected, got);
        }

        @Override
        public String remedy() {
            return "It resumes by itself from the last durable write.";
        }
    }

    /// The peer may not do this.
    record Refused(String what, String remedy) implements StreamFault {
        @Override
        public String message() {
            return what;
        }
    }
}
