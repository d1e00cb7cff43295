// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.VolumeId;
import org.jspecify.annotations.Nullable;

/// Somebody looks at a point, or at one member at one number: until the lease ends, or is given back, that can be read (I18).
///
/// @param owner       who holds it; one owner holds one thing
/// @param point       the point's number, 0 for one member alone
/// @param at          the member and the number, null for a point
/// @param untilMillis the wall-clock time at which the lease ends by itself
public record Pin(String owner, long point, @Nullable At at, long untilMillis) {
    private static final int OWNER_CHARS_MAX = 200;

    /// One member as it was at one number, between two points or at one.
    public record At(VolumeId volume, long vseq) {}

    public Pin {
        if (owner.isBlank() || owner.length() > OWNER_CHARS_MAX) {
            throw new IllegalArgumentException(
                    "an owner has 1 to %d characters, not '%s'".formatted(OWNER_CHARS_MAX, owner));
        }
    }

    public Pin(String owner, long point, long untilMillis) {
        this(owner, point, null, untilMillis);
    }

    public Pin(String owner, At at, long untilMillis) {
        this(owner, 0, at, untilMillis);
    }

    /// Whether both hold the same for the same owner, however long.
    public boolean isLike(Pin other) {
        return equals(other.until(untilMillis));
    }

    public Pin until(long millis) {
        return new Pin(owner, point, at, millis);
    }
}
