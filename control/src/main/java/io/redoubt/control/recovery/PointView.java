// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import java.time.Duration;
import java.time.Instant;

/// A recovery point as the API shows it.
record PointView(long number, Instant at, String tag, Instant publishedAt, double ageSeconds) {
    static PointView of(Point point, Instant now) {
        return new PointView(
                point.number(),
                point.stamp(),
                point.tag(),
                point.publishedAt(),
                Duration.between(point.stamp(), now).toMillis() / 1000.0);
    }
}
