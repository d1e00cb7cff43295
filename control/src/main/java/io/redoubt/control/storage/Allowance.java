// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.storage;

import io.redoubt.core.Rate;
import org.jspecify.annotations.Nullable;

/// What a volume may take of its datastore's rate (requirement A5). It changes under an attached machine.
///
/// @param shares against the other volumes' when there is not enough for all: twice the shares get twice as much
/// @param own    a limit of the volume alone, or [Rate#UNLIMITED]; above the datastore's rate it changes nothing
public record Allowance(int shares, Rate own) {
    private static final int SHARES_MAX = 10_000;

    /// Of a volume for which nobody said anything.
    static final Allowance USUAL = new Allowance(100, Rate.UNLIMITED);

    public Allowance {
        if (shares < 1 || shares > SHARES_MAX) {
            throw new IllegalArgumentException(
                    "a volume has 1 to %d shares; got %d".formatted(SHARES_MAX, shares));
        }
    }

    /// This, with what is given in the place of what was; zero lifts a limit.
    ///
    /// @throws IllegalArgumentException with the bounds
    Allowance with(@Nullable Integer shares, @Nullable Long iops, @Nullable Long bytesPerSecond) {
        return new Allowance(
                shares == null ? this.shares : shares,
                new Rate(
                        iops == null ? own.iops() : iops,
                        bytesPerSecond == null ? own.bytesPerSecond() : bytesPerSecond));
    }
}
