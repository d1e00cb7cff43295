// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core.grant;

/// What a grantor says to a request.
public sealed interface GrantAnswer {
    /// The role term under which it speaks.
    long term();

    /// The source may acknowledge for the length of a grant, counted from its request.
    record Granted(long term) implements GrantAnswer {}

    /// No. With [Reason#PROMOTED] the source is fenced for good: its held writes are refused instead of waiting.
    record Refused(long term, Reason reason) implements GrantAnswer {}

    /// Why a grant was refused.
    enum Reason {
        /// A promotion was decided and has not ended; it may still be rolled back.
        STOPPED,
        /// The other side is primary now.
        PROMOTED,
        /// The request came from another boot than the last one granted; the receiver's roles must be heard first.
        BOOT_UNCONFIRMED,
        /// The request spoke of a role term that is over.
        OLD_TERM
    }
}
