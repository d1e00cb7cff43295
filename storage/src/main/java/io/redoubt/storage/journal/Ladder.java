// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import java.time.Duration;
import java.util.List;

/// How many points are kept of each age (rule 37). The first rung is the dense window: there every point is kept, and every number of a
/// volume can be seen.
///
/// @param rungs youngest first
public record Ladder(List<Rung> rungs) {
    /// All of an hour, one a minute of a day, one a quarter of an hour of a week, one an hour of thirty days.
    public static final Ladder DEFAULT =
            new Ladder(
                    List.of(
                            new Rung(Duration.ofHours(1), Duration.ZERO),
                            new Rung(Duration.ofHours(24), Duration.ofMinutes(1)),
                            new Rung(Duration.ofDays(7), Duration.ofMinutes(15)),
                            new Rung(Duration.ofDays(30), Duration.ofHours(1))));

    /// @param until the age up to which it counts
    /// @param every one point is kept of each such stretch of time; zero for all
    public record Rung(Duration until, Duration every) {
        public Rung {
            if (until.isNegative() || until.isZero() || every.isNegative()) {
                throw new IllegalArgumentException(
                        "a rung lasts some time, not %s each %s".formatted(until, every));
            }
        }
    }

    public Ladder {
        rungs = List.copyOf(rungs);
        if (rungs.isEmpty() || !rungs.getFirst().every().isZero()) {
            throw new IllegalArgumentException("the first rung keeps all points: " + rungs);
        }
        for (int i = 1; i < rungs.size(); i++) {
            if (rungs.get(i).until().compareTo(rungs.get(i - 1).until()) <= 0) {
                throw new IllegalArgumentException("each rung ends later than the last: " + rungs);
            }
        }
    }

    Duration dense() {
        return rungs.getFirst().until();
    }
}
