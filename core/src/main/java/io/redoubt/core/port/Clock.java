// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core.port;

/// Two readings of time, never mixed: one to measure with, one to show.
public interface Clock {
    /// Nanoseconds since the host booted, counted through suspends (CLOCK_BOOTTIME); never goes back within a boot.
    long bootNanos();

    /// Milliseconds since 1970 in UTC. May jump; nothing is ordered by it.
    long wallMillis();

    /// Names this boot of the host: the same text as long as the host does not reboot.
    String bootId();
}
