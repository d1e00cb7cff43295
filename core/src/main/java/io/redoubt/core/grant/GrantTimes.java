// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core.grant;

/// How long a grant lasts, and the margin for clocks that differ.
///
/// @param lengthNanos  the source counts it from sending its request, the grantor from sending its answer
/// @param marginNanos  what the grantor waits longer; more than the drift of two clocks within one grant
public record GrantTimes(long lengthNanos, long marginNanos) {
    /// 6 s and 1 s; a source asks again every second.
    public static final GrantTimes DEFAULT = new GrantTimes(6_000_000_000L, 1_000_000_000L);

    public GrantTimes {
        if (lengthNanos <= 0 || marginNanos <= 0) {
            throw new IllegalArgumentException(
                    "a grant needs a length and a margin above zero, not %d and %d ns"
                            .formatted(lengthNanos, marginNanos));
        }
    }

    /// From the grantor's last answer until it may call everything that it granted expired.
    public long expiryNanos() {
        return lengthNanos + marginNanos;
    }
}
