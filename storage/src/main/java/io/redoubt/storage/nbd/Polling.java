// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import java.util.concurrent.Semaphore;

/// How long to look for the next request before going to sleep. To be woken costs a host 20 us and more, which is most of the time of a
/// client that has one request under way; so while such a client answers quickly, it pays to stay awake.
///
/// The time grows while looking pays and shrinks when it does not; a client that thinks for long costs nothing. Only half of the
/// processors may be looked from at once, so that many volumes do not starve the machines that use them.
final class Polling {
    private static final long NANOS_MAX = 100_000;
    private static final long NANOS_MIN = 12_500;
    private static final Semaphore PLACES =
            new Semaphore(Math.max(1, Runtime.getRuntime().availableProcessors() / 2));

    private long nanos;

    /// Whether this thread may look. A true answer wants an [#end()].
    boolean begin() {
        return nanos > 0 && PLACES.tryAcquire();
    }

    boolean isOver(long sinceNanos) {
        return sinceNanos >= nanos;
    }

    void end() {
        PLACES.release();
    }

    /// @param took from the beginning of the wait to the request, with or without sleep
    void waited(long took) {
        if (took <= NANOS_MAX) {
            nanos = Math.clamp(nanos * 2, NANOS_MIN, NANOS_MAX);
        } else {
            nanos = nanos > NANOS_MIN ? nanos / 2 : 0;
        }
    }
}
