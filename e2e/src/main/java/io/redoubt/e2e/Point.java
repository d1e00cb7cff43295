// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e;

import java.time.Instant;
import tools.jackson.databind.JsonNode;

/// A recovery point as the API shows it.
///
/// @param atMillis  the time that it claims, since 1970
/// @param publishedMillis when it could first be recovered from
record Point(long number, long atMillis, long publishedMillis, String tag) {
    static Point of(JsonNode json) {
        return new Point(
                json.required("number").asLong(),
                millis(json.required("at")),
                json.path("publishedAt").isString() ? millis(json.path("publishedAt")) : 0,
                json.path("tag").asString(""));
    }

    static long millis(JsonNode instant) {
        return Instant.parse(instant.asString()).toEpochMilli();
    }

    double ageSecondsAt(long millis) {
        return (millis - atMillis) / 1e3;
    }
}
