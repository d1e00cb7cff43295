// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import java.util.Set;

/// What the negotiation of a connection came to.
///
/// @param structured replies to reads are structured
/// @param contexts what block status speaks of; empty when it may not be asked
record Session(Export export, boolean structured, Set<Context> contexts) {
    /// What block status can tell.
    enum Context {
        ALLOCATION(1, Wire.BASE_ALLOCATION),
        DIRTY(2, Wire.REDOUBT_DIRTY);

        /// Stands for the context in replies.
        final int id;

        final String text;

        Context(int id, String text) {
            this.id = id;
            this.text = text;
        }

        boolean isOfferedBy(Export export) {
            return this == ALLOCATION || export.dirty().isPresent();
        }
    }

    /// The transmission flags of an export.
    static int flags(Export export, boolean structured) {
        int flags =
                Wire.HAS_FLAGS
                        | Wire.SEND_FLUSH
                        | Wire.SEND_FUA
                        | Wire.CAN_MULTI_CONN
                        | Wire.SEND_CACHE
                        | (structured ? Wire.SEND_DF : 0);
        return flags
                | (export.isReadOnly()
                        ? Wire.READ_ONLY
                        : Wire.SEND_TRIM | Wire.SEND_WRITE_ZEROES | Wire.SEND_FAST_ZERO);
    }
}
