// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core.grant;

/// The two sides that may grant. The loss of one of them stops nothing.
public enum GrantorKind {
    CONTROL,
    RECEIVER
}
