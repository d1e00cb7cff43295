// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench.group;

import java.util.Arrays;

/// p50, p99 and maximum of samples.
///
/// @param p50 0, as the others, when there are no samples
public record Percentiles(long count, long p50, long p99, long max) {

    /// @param samples of which the first `count` are there; sorted here
    public static Percentiles of(long[] samples, int count) {
        if (count == 0) {
            return new Percentiles(0, 0, 0, 0);
        }
        Arrays.sort(samples, 0, count);
        return new Percentiles(
                count, samples[count / 2], samples[(int) (count * 99L / 100)], samples[count - 1]);
    }

    String words() {
        return "%d %d %d %d".formatted(count, p50, p99, max);
    }

    /// @param words as a process printed them
    /// @param from  the first of four
    public static Percentiles parse(String[] words, int from) {
        return new Percentiles(
                Long.parseLong(words[from]),
                Long.parseLong(words[from + 1]),
                Long.parseLong(words[from + 2]),
                Long.parseLong(words[from + 3]));
    }
}
