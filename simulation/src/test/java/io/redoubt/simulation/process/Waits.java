// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

import io.redoubt.simulation.process.LoadLog.Entry;
import io.redoubt.simulation.process.LoadLog.Kind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// How long the guests' writes waited for their replies.
final class Waits {
    private record Wait(long beginNanos, long endNanos) {}

    private final List<Wait> waits = new ArrayList<>();

    Waits(List<Entry> log) {
        Map<Long, Long> submitted = new HashMap<>();
        for (Entry entry : log) {
            if (entry.kind() == Kind.INTENT) {
                submitted.put(entry.op(), entry.nanos());
            } else if (entry.kind() == Kind.ACK) {
                waits.add(
                        new Wait(Objects.requireNonNull(submitted.get(entry.op())), entry.nanos()));
            }
        }
    }

    /// The longest of those that were waiting at some moment of this time, 0 for none.
    long longestNanos(long fromNanos, long toNanos) {
        return waits.stream()
                .filter(w -> w.beginNanos < toNanos && w.endNanos > fromNanos)
                .mapToLong(w -> w.endNanos - w.beginNanos)
                .max()
                .orElse(0);
    }
}
