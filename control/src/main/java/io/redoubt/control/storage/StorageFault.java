// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.storage;

import io.redoubt.control.web.Refusal;
import io.redoubt.core.Bytes;

/// Every way that storage refuses a wish.
public sealed interface StorageFault extends Refusal {

    /// The datastore's room is promised already.
    record NoRoom(String datastore, Bytes free, Bytes wanted) implements StorageFault {
        @Override
        public Kind kind() {
            return Kind.CONFLICT;
        }

        @Override
        public String message() {
            return "datastore '%s' has %s free, the volume needs %s"
                    .formatted(datastore, free, wanted);
        }

        @Override
        public String remedy() {
            return "Order a larger datastore, or delete volumes in this one.";
        }
    }

    /// Somebody holds it.
    record InUse(String what, String name, String by) implements StorageFault {
        @Override
        public Kind kind() {
            return Kind.CONFLICT;
        }

        @Override
        public String message() {
            return "%s '%s' is used by %s".formatted(what, name, by);
        }

        @Override
        public String remedy() {
            return "Delete what uses it first.";
        }
    }
}
