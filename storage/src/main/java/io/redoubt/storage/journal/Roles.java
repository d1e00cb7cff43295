// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

/// Who may write, as the receiver durably knows it: its part of [io.redoubt.core.grant.Grantor].
public record Roles(long term, boolean stopped, boolean promoted) {
    /// The first role term of every group is 1.
    public static final Roles START = new Roles(1, false, false);
}
