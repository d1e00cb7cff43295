// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e;

import io.redoubt.core.fault.FaultException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;

/// Waits that end.
final class Waiting {
    private static final Duration LOOK_AGAIN = Duration.ofMillis(100);

    private Waiting() {}

    /// Looks until what is seen will do.
    ///
    /// @param what for people: "zone b has three points"
    /// @throws FaultException with [DemoFault.TookTooLong]
    static <T> T until(String what, Duration limit, Supplier<T> look, Predicate<T> enough) {
        long deadline = System.nanoTime() + limit.toNanos();
        while (true) {
            T seen = look.get();
            if (enough.test(seen)) {
                return seen;
            }
            if (System.nanoTime() > deadline) {
                throw new FaultException(
                        new DemoFault.TookTooLong(what, limit, String.valueOf(seen)));
            }
            pause(LOOK_AGAIN);
        }
    }

    /// Looks until there is something.
    static <T> T untilPresent(String what, Duration limit, Supplier<Optional<T>> look) {
        return until(what, limit, look, Optional::isPresent).orElseThrow();
    }

    static void pause(Duration time) {
        try {
            Thread.sleep(time);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new FaultException(
                    new DemoFault.HostFailed("the demo was interrupted", "as asked"), e);
        }
    }
}
