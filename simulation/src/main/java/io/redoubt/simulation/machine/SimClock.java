// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.machine;

import io.redoubt.core.port.Clock;
import java.util.function.Supplier;

/// A host's clock: the true time, wrong by a constant and by a rate.
public final class SimClock implements Clock {
    private static final long EPOCH_MILLIS = 1_700_000_000_000L;

    private final SimTime time;
    private final Supplier<String> bootId;
    private long bootedAt;
    private double rate = 1.0;

    SimClock(SimTime time, Supplier<String> bootId) {
        this.time = time;
        this.bootId = bootId;
    }

    /// @param perMille how much faster than true time this clock runs; negative is slower
    public void drift(double perMille) {
        rate = 1.0 + perMille / 1000.0;
    }

    void reboot() {
        bootedAt = time.nanos();
    }

    @Override
    public long bootNanos() {
        return (long) ((time.nanos() - bootedAt) * rate);
    }

    @Override
    public long wallMillis() {
        return EPOCH_MILLIS + (long) (time.nanos() * rate) / 1_000_000;
    }

    @Override
    public String bootId() {
        return bootId.get();
    }
}
