// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicLongArray;

/// Lets a reader without a lock find out whether anybody wrote its stripes meanwhile: a number for each stripe lock, odd while the
/// lock's owner changes something. A set of stripes is what [io.redoubt.storage.block.StripeLocks#of] says.
final class StripeVersions {
    static final long BUSY = -1;
    private static final int LINE = 8; // numbers of a cache line: each has one for itself

    private final AtomicLongArray versions = new AtomicLongArray(64 * LINE);

    /// Call with the locks held.
    void begin(long stripes) {
        step(stripes);
        VarHandle.fullFence(); // no change may be seen before its stripe is odd
    }

    void end(long stripes) {
        step(stripes);
    }

    private void step(long stripes) {
        for (long left = stripes; left != 0; left &= left - 1) {
            int at = Long.numberOfTrailingZeros(left) * LINE;
            versions.set(at, versions.getPlain(at) + 1);
        }
    }

    /// What to compare later: numbers only grow, so an equal sum means that none has changed. [#BUSY] while somebody writes.
    long read(long stripes) {
        long sum = 0;
        for (long left = stripes; left != 0; left &= left - 1) {
            long version = versions.get(Long.numberOfTrailingZeros(left) * LINE);
            if ((version & 1) != 0) {
                return BUSY;
            }
            sum += version;
        }
        return sum;
    }

    boolean isUnchanged(long stripes, long since) {
        VarHandle.loadLoadFence(); // everything that was read, was read before this line
        return read(stripes) == since;
    }
}
