// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

/// What a list of moments says about a limit.
public final class Windows {
    private static final long SECOND = 1_000_000_000;

    private Windows() {}

    /// The most that passed in any second, wherever it begins.
    public static int most(long[] moments) {
        int most = 0;
        int begin = 0;
        for (int end = 0; end < moments.length; end++) {
            while (moments[end] - moments[begin] >= SECOND) {
                begin++;
            }
            most = Math.max(most, end - begin + 1);
        }
        return most;
    }

    /// The time of the schedule that was lost because nobody asked for more than the catch-up allows, computed from the moments alone.
    public static long lost(long[] moments, long rate, long catchUp) {
        double interval = (double) SECOND / rate;
        double next = moments[0];
        double lost = 0;
        for (long moment : moments) {
            if (next < moment - catchUp) {
                lost += moment - catchUp - next;
                next = moment - catchUp;
            }
            next += interval;
        }
        return (long) lost;
    }
}
