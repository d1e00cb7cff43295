// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core;

/// What may pass in one second. Zero stands for "without limit", on either side.
///
/// @param iops           operations each second; what counts as one is said in `docs/adr/0012-requests-are-limited-where-they-arrive.md`
/// @param bytesPerSecond bytes each second
public record Rate(long iops, long bytesPerSecond) {
    /// More than any host can do; it keeps the limiter's sums far from the end of a long.
    private static final long IOPS_MAX = 1_000_000_000L;

    private static final long BYTES_MAX = 1L << 50;

    public static final Rate UNLIMITED = new Rate(0, 0);

    public Rate {
        if (iops < 0 || iops > IOPS_MAX || bytesPerSecond < 0 || bytesPerSecond > BYTES_MAX) {
            throw new IllegalArgumentException(
                    "a rate has 0 (no limit) to %d operations and 0 to %d bytes each second; got %d and %d"
                            .formatted(IOPS_MAX, BYTES_MAX, iops, bytesPerSecond));
        }
    }

    public static Rate iops(long iops) {
        return new Rate(iops, 0);
    }

    public boolean isUnlimited() {
        return iops == 0 && bytesPerSecond == 0;
    }

    /// The stricter of both, for operations and for bytes apart.
    public Rate within(Rate ceiling) {
        return new Rate(
                stricter(iops, ceiling.iops), stricter(bytesPerSecond, ceiling.bytesPerSecond));
    }

    private static long stricter(long one, long other) {
        return one == 0 || (other != 0 && other < one) ? other : one;
    }
}
