// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.machine;

/// The one true time of a simulation, in nanoseconds from its start.
public final class SimTime {
    private long nanos = 1_000_000_000_000L;

    public long nanos() {
        return nanos;
    }

    public void advanceTo(long later) {
        if (later < nanos) {
            throw new IllegalArgumentException(
                    "time cannot go back from " + nanos + " to " + later);
        }
        nanos = later;
    }
}
