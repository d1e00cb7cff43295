// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import io.redoubt.storage.block.Windows;

/// Whether what was executed is what was promised.
///
/// The moments are noted by the server's own threads where requests are executed, so a client that gets no processor moves nothing. A
/// server's thread that gets none for longer than the catch-up loses part of the schedule for good: so much is excused as the moments show
/// to be lost *and* the kernel says that this process waited for a processor.
///
/// @param mean     executed each second, of the time that the host gave
/// @param most     executed in the busiest second
/// @param elapsed  nanoseconds, of which some are excused
record LimitVerdict(long cap, int connections, double mean, int most, long elapsed, long excused) {
    private static final long CATCH_UP_NANOS = 20_000_000;
    private static final double MEAN_OFF = 0.005;
    private static final double WINDOW_OFF = 0.05;

    static LimitVerdict of(long cap, int connections, long[] moments, long stolenNanos) {
        long elapsed = moments[moments.length - 1] - moments[0];
        long excused = Math.min(Windows.lost(moments, cap, CATCH_UP_NANOS), stolenNanos);
        return new LimitVerdict(
                cap,
                connections,
                (moments.length - 1) * 1e9 / (elapsed - excused),
                Windows.most(moments),
                elapsed,
                excused);
    }

    boolean kept() {
        // The datastore was there a moment before its clients: in a short run its catch-up shows.
        double above = MEAN_OFF + (double) CATCH_UP_NANOS / elapsed;
        return mean >= cap * (1 - MEAN_OFF)
                && mean <= cap * (1 + above)
                // Between passing and noting, a thread may be held up: one request of each further
                // connection.
                && most <= (1 + WINDOW_OFF) * cap + connections - 1;
    }
}
