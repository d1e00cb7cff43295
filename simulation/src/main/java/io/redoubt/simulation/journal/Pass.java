// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.journal;

import io.redoubt.storage.journal.Journal;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// A resynchronisation of all volumes: what may differ, as it was when it began.
final class Pass {
    /// No pass is open.
    static final Pass NONE = new Pass(0);

    private final long number;
    private final Map<Integer, Set<Integer>> left = new TreeMap<>();

    Pass(long number) {
        this.number = number;
    }

    static Pass begin(Journal journal, List<Guest> guests, long number, boolean full) {
        var pass = new Pass(number);
        for (Guest guest : guests) {
            boolean whole = full || journal.needsFullPass(guest.slot, false);
            pass.left.put(guest.slot, guest.freeze(journal, number, whole));
        }
        return pass;
    }

    boolean open() {
        return number != 0;
    }

    void sendFrozen(Journal journal, Guest guest, int block) {
        Set<Integer> blocks = left.get(guest.slot);
        if (blocks != null && blocks.contains(block)) {
            long vseq = journal.passVseq(guest.slot);
            byte[] content = guest.frozen(vseq, block);
            if (isZero(content)) {
                journal.passZero(guest.slot, vseq, (long) block * Guest.BLOCK, Guest.BLOCK);
            } else {
                journal.passWrite(
                        guest.slot, vseq, (long) block * Guest.BLOCK, ByteBuffer.wrap(content));
            }
            blocks.remove(block);
        }
    }

    /// Sends so many blocks, and the end when none is left.
    ///
    /// @return whether the pass is complete
    boolean send(Journal journal, List<Guest> guests, int count) {
        int budget = count;
        for (Guest guest : guests) {
            Set<Integer> blocks = left.getOrDefault(guest.slot, Set.of());
            for (Iterator<Integer> each = List.copyOf(blocks).iterator(); each.hasNext(); ) {
                if (budget-- <= 0) {
                    return false;
                }
                sendFrozen(journal, guest, each.next());
            }
        }
        guests.forEach(guest -> journal.passEnd(guest.slot, number));
        return true;
    }

    private static boolean isZero(byte[] content) {
        for (byte each : content) {
            if (each != 0) {
                return false;
            }
        }
        return true;
    }
}
