// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

/// What the negotiation of a connection came to.
///
/// @param structured replies to reads are structured
/// @param allocation the context `base:allocation` was chosen
record Session(Export export, boolean structured, boolean allocation) {
    /// The id under which block status speaks of `base:allocation`.
    static final int ALLOCATION_CONTEXT = 1;

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
