// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.journal;

import io.redoubt.storage.journal.Journal;
import java.util.ArrayList;
import java.util.List;

/// Single numbers of single volumes that somebody holds while points come and go: pinned, looked at, let go, or left to run out.
///
/// What it does next is told by a counter and by what is offered, so that it takes nothing from the world's random numbers.
final class HeldNumbers {
    private static final long LEASE_MILLIS = 45 * 60_000L;
    private static final int OWNERS = 3;

    private final Ledger ledger;
    private final List<Held> held = new ArrayList<>();
    private int turn;

    private record Held(String owner, Guest guest, long vseq, long untilMillis) {}

    HeldNumbers(Ledger ledger) {
        this.ledger = ledger;
    }

    /// One more turn.
    void turn(Journal journal, List<Guest> guests, long nowMillis) {
        held.removeIf(h -> h.untilMillis <= nowMillis);
        turn++;
        String owner = "number-" + turn % OWNERS;
        if (held.removeIf(h -> h.owner.equals(owner))) {
            journal.unpin(owner);
            return;
        }
        Guest guest = guests.get(turn % guests.size());
        ledger.someNumber(journal, guest, turn)
                .ifPresent(vseq -> {
                    journal.pin(owner, guest.volume, vseq, nowMillis + LEASE_MILLIS);
                    held.add(new Held(owner, guest, vseq, nowMillis + LEASE_MILLIS));
                });
    }

    /// I16 and I18: what is held is there, whatever was thinned out around it.
    void look(Journal journal, long nowMillis) {
        for (Held each : held) {
            if (each.untilMillis > nowMillis) {
                ledger.exactAt(journal, each.guest, each.vseq);
            }
        }
    }
}
