// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import java.time.Duration;

/// How long a client puts up with a server.
///
/// @param answer   the most that each answer may take; one that takes longer counts as a cut connection
/// @param patience from the moment that a connection is cut until the request is given up; zero for no second attempt
public record Retries(Duration answer, Duration patience) {
    /// The first cut is told to the caller.
    public static final Retries NONE = new Retries(Duration.ofSeconds(60), Duration.ZERO);

    /// Enough for a server that is restarted, or a host that reboots.
    public static final Retries DEFAULT =
            new Retries(Duration.ofSeconds(60), Duration.ofMinutes(5));

    public Retries {
        if (answer.toMillis() < 1 || answer.toMillis() > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "an answer's time is 1 ms to 24 days, not " + answer);
        }
    }

    boolean any() {
        return patience.isPositive();
    }
}
