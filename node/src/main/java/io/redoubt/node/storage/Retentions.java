// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.protocol.Retention;
import io.redoubt.protocol.Rung;
import io.redoubt.storage.journal.JournalLimits;
import io.redoubt.storage.journal.Ladder;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// How long each journal of this node keeps what, as the control plane told it last: on disk, so that a start needs nobody.
final class Retentions {
    private static final String KIND = "retention";

    private final Told told;
    private final Retention usual;
    private final Map<String, Retention> known = new ConcurrentHashMap<>();

    /// @param ladder     of a journal of which nothing was told
    /// @param quotaBytes of such a journal
    Retentions(Told told, Ladder ladder, long quotaBytes) {
        this.told = told;
        this.usual = of(ladder, quotaBytes);
    }

    Retention of(String group) {
        return known.computeIfAbsent(
                group, g -> told.find(KIND, g, Retention.parser()).orElse(usual));
    }

    /// Durable when it returns.
    void put(String group, Retention retention) {
        told.put(KIND, group, retention);
        known.put(group, retention);
    }

    void remove(String group) {
        told.remove(KIND, group);
        known.remove(group);
    }

    /// @throws IllegalArgumentException when these are no rungs of a ladder
    static Ladder ladder(Retention retention) {
        return new Ladder(
                retention.getRungsList().stream()
                        .map(rung ->
                                new Ladder.Rung(
                                        Duration.ofMillis(rung.getUntilMillis()),
                                        Duration.ofMillis(rung.getEveryMillis())))
                        .toList());
    }

    /// @throws IllegalArgumentException when no segment fits into it
    static JournalLimits limits(JournalLimits limits, Retention retention) {
        return limits.withQuota(
                retention.getQuotaBytes() == 0
                        ? JournalLimits.NO_QUOTA
                        : retention.getQuotaBytes());
    }

    private static Retention of(Ladder ladder, long quotaBytes) {
        var retention =
                Retention.newBuilder()
                        .setQuotaBytes(quotaBytes == JournalLimits.NO_QUOTA ? 0 : quotaBytes);
        for (Ladder.Rung rung : ladder.rungs()) {
            retention.addRungs(
                    Rung.newBuilder()
                            .setUntilMillis(rung.until().toMillis())
                            .setEveryMillis(rung.every().toMillis()));
        }
        return retention.build();
    }
}
