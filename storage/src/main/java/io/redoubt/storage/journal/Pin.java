// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

/// Somebody looks at a point: until the lease ends, or is given back, the point stays (I18).
///
/// @param owner       who holds it; one owner holds one point
/// @param point       the point's number
/// @param untilMillis the wall-clock time at which the lease ends by itself
public record Pin(String owner, long point, long untilMillis) {
    private static final int OWNER_CHARS_MAX = 200;

    public Pin {
        if (owner.isBlank() || owner.length() > OWNER_CHARS_MAX) {
            throw new IllegalArgumentException(
                    "an owner has 1 to %d characters, not '%s'".formatted(OWNER_CHARS_MAX, owner));
        }
    }
}
