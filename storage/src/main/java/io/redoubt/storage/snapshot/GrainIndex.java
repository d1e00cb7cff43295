// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.snapshot;

import java.util.Arrays;
import java.util.BitSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What is saved where, in memory: for each grain the slots that keep an older content of it, newest owner first.
///
/// A slot with owner o serves every snapshot above the next smaller owner of the same grain, up to o. So a snapshot's grain is in the
/// slot with the smallest owner that is not below it, however many snapshots there are; and a slot may go once no snapshot with
/// content is in its interval.
///
/// 28 bytes for each slot (of 64 KiB). Every method is short and takes the monitor; none touches a disk.
final class GrainIndex {
    static final int NONE = -1;

    private long[] owners = new long[0]; // 0: the slot is free, or being filled
    private long[] grains = new long[0];
    private int[] checksums = new int[0];
    private int[] older = new int[0]; // the next slot of the same grain
    private int[] heads = new int[16]; // open addressing by grain: slot + 1, 0 for empty
    private int used; // entries of heads
    private final BitSet taken = new BitSet();
    private final BitSet lost =
            new BitSet(); // slots whose content could not be read when it was saved
    private int capacity;

    /// @param lost whether the content could not be read when it was to be saved
    record Found(int slot, int checksum, boolean lost) {}

    /// From now on slots below this number may be taken.
    synchronized void grow(int slots) {
        if (slots > owners.length) {
            int length = Math.max(slots, owners.length + owners.length / 2);
            owners = Arrays.copyOf(owners, length);
            grains = Arrays.copyOf(grains, length);
            checksums = Arrays.copyOf(checksums, length);
            older = Arrays.copyOf(older, length);
        }
        capacity = Math.max(capacity, slots);
    }

    synchronized int capacity() {
        return capacity;
    }

    /// Slots that are filled, or being filled.
    synchronized int taken() {
        return taken.cardinality();
    }

    /// The lowest free slot, or [#NONE]; it belongs to the caller until [#add] or [#giveBack].
    synchronized int take() {
        int slot = taken.nextClearBit(0);
        if (slot >= capacity) {
            return NONE;
        }
        taken.set(slot);
        return slot;
    }

    synchronized void giveBack(int slot) {
        taken.clear(slot);
    }

    /// Marks one slot as taken that the file says is filled.
    synchronized void claim(int slot) {
        taken.set(slot);
    }

    /// From now on readers find it. The caller has taken the slot, and what is in it is durable.
    synchronized void add(int slot, long owner, long grain, int checksum, boolean unreadable) {
        owners[slot] = owner;
        grains[slot] = grain;
        checksums[slot] = checksum;
        lost.set(slot, unreadable);
        int bucket = bucket(grain);
        int newer = NONE;
        int at = heads[bucket] - 1;
        while (at >= 0 && owners[at] > owner) {
            newer = at;
            at = older[at];
        }
        if (at >= 0 && owners[at] == owner) {
            // the same content twice: a crash came between the durable save and its use
            owners[slot] = 0;
            taken.clear(slot);
            return;
        }
        older[slot] = at;
        if (newer >= 0) {
            older[newer] = slot;
        } else {
            boolean first = heads[bucket] == 0;
            heads[bucket] = slot + 1;
            if (first && ++used * 2 > heads.length) {
                rehash();
            }
        }
    }

    /// Where the grain's content for this snapshot is saved. @return null when the volume itself still has it
    synchronized @Nullable Found find(long grain, long snapshot) {
        int best = NONE;
        for (int at = heads[bucket(grain)] - 1; at >= 0 && owners[at] >= snapshot; at = older[at]) {
            best = at;
        }
        return best < 0 ? null : new Found(best, checksums[best], lost.get(best));
    }

    /// The owner of the newest saved content of the grain, 0 for none.
    synchronized long newestOwner(long grain) {
        int head = heads[bucket(grain)] - 1;
        return head < 0 ? 0 : owners[head];
    }

    /// Frees what serves no snapshot any more, among some slots.
    ///
    /// @param keptNow the numbers of the snapshots with content, rising; asked for inside, so that it knows the owner of every slot
    synchronized void reclaim(int from, int count, Supplier<long[]> keptNow) {
        long[] kept = keptNow.get();
        for (int slot = from; slot < Math.min(from + count, capacity); slot++) {
            if (owners[slot] != 0 && countIn(below(slot), owners[slot], kept) == 0) {
                remove(slot);
            }
        }
    }

    /// For each of these snapshots the slots that serve it alone: what deleting it frees.
    ///
    /// @param kept rising
    synchronized int[] servingOne(long[] kept) {
        int[] counts = new int[kept.length];
        for (int slot = 0; slot < capacity; slot++) {
            if (owners[slot] != 0 && countIn(below(slot), owners[slot], kept) == 1) {
                counts[place(owners[slot], kept) - 1]++;
            }
        }
        return counts;
    }

    /// Each grain that was overwritten after the one snapshot and before the other was made.
    ///
    /// @param until [Long#MAX_VALUE] for now
    synchronized void changed(long from, long until, BitSet into) {
        for (int head : heads) {
            int best = NONE;
            for (int at = head - 1; at >= 0 && owners[at] >= from; at = older[at]) {
                best = at;
            }
            if (best >= 0 && owners[best] < until) {
                into.set(Math.toIntExact(grains[best]));
            }
        }
    }

    /// [#changed] for one grain.
    synchronized boolean isChanged(long grain, long from, long until) {
        int best = NONE;
        for (int at = heads[bucket(grain)] - 1; at >= 0 && owners[at] >= from; at = older[at]) {
            best = at;
        }
        return best >= 0 && owners[best] < until;
    }

    /// Gives up the free slots at the end, in whole segments. @return the slots that remain
    synchronized int cutTail(int perSegment) {
        int last = taken.length(); // one past the highest that is taken
        int remaining = Math.min(capacity, (last + perSegment - 1) / perSegment * perSegment);
        capacity = remaining;
        return remaining;
    }

    /// The next smaller owner of the same grain.
    private long below(int slot) {
        return older[slot] < 0 ? 0 : owners[older[slot]];
    }

    /// How many of the rising numbers are in (above, upTo].
    private static int countIn(long above, long upTo, long[] numbers) {
        return place(upTo, numbers) - place(above, numbers);
    }

    private static int place(long number, long[] numbers) {
        int at = Arrays.binarySearch(numbers, number);
        return at >= 0 ? at + 1 : -at - 1;
    }

    private void remove(int slot) {
        int bucket = bucket(grains[slot]);
        int at = heads[bucket] - 1;
        if (at == slot) {
            heads[bucket] = older[slot] + 1;
            if (older[slot] < 0) {
                used--;
                closeGap(bucket);
            }
        } else {
            while (older[at] != slot) {
                at = older[at];
            }
            older[at] = older[slot];
        }
        owners[slot] = 0;
        taken.clear(slot);
    }

    /// Linear probing without tombstones: what follows an empty bucket moves into it when its search would stop there.
    private void closeGap(int gap) {
        int mask = heads.length - 1;
        int hole = gap;
        for (int at = (gap + 1) & mask; heads[at] != 0; at = (at + 1) & mask) {
            int home = hash(grains[heads[at] - 1]) & mask;
            if (((at - home) & mask) >= ((at - hole) & mask)) {
                heads[hole] = heads[at];
                heads[at] = 0;
                hole = at;
            }
        }
    }

    /// The grain's bucket, or the empty one where it would be put.
    private int bucket(long grain) {
        int mask = heads.length - 1;
        int at = hash(grain) & mask;
        while (heads[at] != 0 && grains[heads[at] - 1] != grain) {
            at = (at + 1) & mask;
        }
        return at;
    }

    private void rehash() {
        int[] old = heads;
        heads = new int[old.length * 2];
        for (int head : old) {
            if (head != 0) {
                heads[bucket(grains[head - 1])] = head;
            }
        }
    }

    private static int hash(long grain) {
        return (int) ((grain * 0x9E3779B97F4A7C15L) >>> 32);
    }
}
