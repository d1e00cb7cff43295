// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

/// What a server offered a client under a name.
///
/// @param payloadMax of one request, bytes
/// @param allocation the id of the context `base:allocation`, or [#NO_CONTEXT]
record Offer(long size, int flags, int payloadMax, boolean structured, int allocation) {
    static final int NO_CONTEXT = -1;

    boolean can(int flag) {
        return (flags & flag) != 0;
    }
}
