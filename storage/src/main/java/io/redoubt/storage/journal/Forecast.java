// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.OptionalLong;

/// When a journal will be full, by its growth over the last hour.
final class Forecast {
    private static final long WINDOW_MILLIS = 3_600_000;
    private static final int SAMPLES_MAX = 120;

    private record Sample(long millis, long bytes) {}

    private final Deque<Sample> samples = new ArrayDeque<>();

    void sample(long nowMillis, long bytes) {
        if (!samples.isEmpty() && nowMillis < samples.getLast().millis) {
            samples.clear(); // the clock was set back
        }
        samples.add(new Sample(nowMillis, bytes));
        while (samples.size() > SAMPLES_MAX
                || nowMillis - samples.getFirst().millis > WINDOW_MILLIS) {
            samples.removeFirst();
        }
    }

    /// @return empty when it does not grow
    OptionalLong millisUntil(long bytesMax) {
        if (samples.size() < 2) {
            return OptionalLong.empty();
        }
        long grown = samples.getLast().bytes - samples.getFirst().bytes;
        long took = samples.getLast().millis - samples.getFirst().millis;
        if (grown <= 0 || took <= 0) {
            return OptionalLong.empty();
        }
        double left = Math.max(0, bytesMax - samples.getLast().bytes);
        return OptionalLong.of((long) (left * took / grown));
    }
}
