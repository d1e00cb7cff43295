// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.core.grant.Isolation;
import java.util.Locale;

/// What a group's sources do while they hear neither grantor, and who knows it (rule 3).
///
/// @param version  of the wish; rises with each change
/// @param goesOn   the wish
/// @param mayGoOn  whether some source may go on alone: from before any side is told, until each has said that it does not
/// @param receiver the version that the receiver has durably
record WhenIsolated(long version, boolean goesOn, boolean mayGoOn, long receiver) {
    /// The word of the API.
    enum Wish {
        PAUSE,
        CONTINUE;

        static Wish of(String word) {
            for (Wish wish : values()) {
                if (wish.word().equals(word)) {
                    return wish;
                }
            }
            throw new IllegalArgumentException(
                    "whenIsolated is pause or continue, not '%s'".formatted(word));
        }

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// Of a group that is made.
    static WhenIsolated first(Wish wish) {
        boolean goesOn = wish == Wish.CONTINUE;
        return new WhenIsolated(goesOn ? 1 : 0, goesOn, goesOn, 0);
    }

    Wish wish() {
        return goesOn ? Wish.CONTINUE : Wish.PAUSE;
    }

    /// For the receiver: before any source goes on, and after none does any more. Until then it keeps what it has.
    Isolation forReceiver() {
        return goesOn || !mayGoOn ? new Isolation(version, goesOn) : Isolation.PAUSES;
    }

    /// For a source: to stand still at once, to go on once the receiver knows of it.
    Isolation forSource() {
        return !goesOn || receiver == version ? new Isolation(version, goesOn) : Isolation.PAUSES;
    }

    /// How the control plane's own grants look at it.
    Isolation forPromotion() {
        return new Isolation(version, mayGoOn);
    }

    static io.redoubt.protocol.Isolation told(Isolation isolation) {
        return io.redoubt.protocol.Isolation.newBuilder()
                .setVersion(isolation.version())
                .setGoesOn(isolation.goesOn())
                .build();
    }
}
