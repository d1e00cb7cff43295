// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.OptionalLong;

/// Where an amount is heading: a straight line from the oldest to the newest look of the last minute. Pure; whoever has the clock tells it.
final class Trend {
    private static final long WINDOW_MILLIS = 60_000;
    private static final int LOOKS_MAX = 120;

    /// Shorter stretches tell of chance.
    private static final long SPAN_MILLIS_MIN = 3_000;

    private record Look(long millis, long amount) {}

    private final Deque<Look> looks = new ArrayDeque<>();

    void look(long nowMillis, long amount) {
        if (!looks.isEmpty() && nowMillis < looks.getLast().millis) {
            looks.clear(); // the clock was set back
        }
        looks.add(new Look(nowMillis, amount));
        while (looks.size() > LOOKS_MAX || nowMillis - looks.getFirst().millis > WINDOW_MILLIS) {
            looks.removeFirst();
        }
    }

    /// @return until nothing is left, 0 when that is so now; empty while it does not fall, or nobody can tell
    OptionalLong millisUntilNone() {
        if (!looks.isEmpty() && looks.getLast().amount == 0) {
            return OptionalLong.of(0);
        }
        return -grown() > 0 ? after(looks.getLast().amount, -grown()) : OptionalLong.empty();
    }

    /// @return until it reaches the limit, 0 when it has; empty while it does not grow, or nobody can tell
    OptionalLong millisUntil(long limit) {
        if (!looks.isEmpty() && looks.getLast().amount >= limit) {
            return OptionalLong.of(0);
        }
        return grown() > 0 ? after(limit - looks.getLast().amount, grown()) : OptionalLong.empty();
    }

    /// 0 while that cannot be told.
    private long grown() {
        return span() < SPAN_MILLIS_MIN ? 0 : looks.getLast().amount - looks.getFirst().amount;
    }

    private long span() {
        return looks.isEmpty() ? 0 : looks.getLast().millis - looks.getFirst().millis;
    }

    private OptionalLong after(long amount, long changed) {
        return OptionalLong.of((long) ((double) amount * span() / changed));
    }
}
