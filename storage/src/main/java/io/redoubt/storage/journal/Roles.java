// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.grant.Isolation;

/// Who may write, as the receiver durably knows it: its part of [io.redoubt.core.grant.Grantor].
///
/// @param isolation this side's copy of what the source does alone
public record Roles(long term, boolean stopped, boolean promoted, Isolation isolation) {
    /// The first role term of every group is 1.
    public static final Roles START = new Roles(1, false, false, Isolation.PAUSES);

    /// A role as it is decided; what the source does alone stays as it is.
    public Roles with(long decidedTerm, boolean nowStopped, boolean nowPromoted) {
        return new Roles(decidedTerm, nowStopped, nowPromoted, isolation);
    }

    public Roles with(Isolation told) {
        return new Roles(term, stopped, promoted, isolation.or(told));
    }
}
