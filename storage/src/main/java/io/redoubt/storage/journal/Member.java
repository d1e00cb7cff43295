// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.VolumeId;
import java.util.ArrayList;
import java.util.List;

/// What the log says about one volume of the group. Changed only by applying records, so a replay ends in the same state.
final class Member {
    private static final int STRETCHES_MAX = 256;

    final VolumeId volume;
    final int slot;
    final long size;

    /// Every number up to this one is in the log, or declared as never travelled.
    long through;

    /// Numbers above it do not count before the pass that declared them lost is complete.
    long gapFrom;

    /// A gap waits for its pass; a new member starts so.
    boolean debt = true;

    /// The log lost something of it: only a pass over the whole volume makes up for it.
    boolean fullPassNeeded;

    /// The open pass goes over the whole volume.
    boolean openPassIsFull;

    /// The number that the blocks of the open pass carry.
    long passVseq;

    /// The pass that is open, 0 for none.
    long openPass;

    /// The last pass that began.
    long lastPass;

    /// A pass of it was complete once: points count it.
    boolean joined;

    /// It is no member any more: what it has is kept for the points that hold it.
    boolean left;

    /// Its base was a volume before.
    boolean adopted;

    /// A point shows what the adopted base held.
    boolean kept;

    /// Numbers at which no image of it is exact, oldest first.
    List<Stretch> inexact = List.of();

    /// Numbers whose versions were given up to make room: no cut between them can become a point.
    Stretch folded = Stretch.NONE;

    /// Numbers of a member that no image can be made at: what they held never travelled.
    ///
    /// @param after  the last exact number before
    /// @param before the first exact number behind
    record Stretch(long after, long before) {
        static final Stretch NONE = new Stretch(0, 0);

        boolean holds(long vseq) {
            return vseq > after && vseq < before;
        }

        boolean overlaps(Stretch other) {
            return other.after < before && after < other.before;
        }

        Stretch and(Stretch other) {
            return new Stretch(Math.min(after, other.after), Math.max(before, other.before));
        }
    }

    Member(VolumeId volume, int slot, long size) {
        this.volume = volume;
        this.slot = slot;
        this.size = size;
    }

    /// What is written from now on is not known here. Should it come back, only a pass over all of it makes it count.
    void leave() {
        left = true;
        joined = false;
        debt = true;
        gapFrom = 0;
        fullPassNeeded = true;
        openPass = 0;
    }

    /// A write whose number is void left its range unknown; the content came under `replacement`. No cut between the two is exact.
    long voided;

    long replacement;

    /// Whether a cut at this number may count the member in.
    boolean covers(long vseq) {
        return through >= vseq && !(debt && vseq > gapFrom) && !splitsReplacement(vseq);
    }

    /// A cut at this number can never be published: it holds a void write without what replaced it, or versions of it were given up.
    boolean splitsReplacement(long vseq) {
        return (vseq >= voided && vseq < replacement) || folded.holds(vseq);
    }

    /// The versions above the newest point become one for each block: what there is at the newest number.
    void fold(long newestPoint) {
        if (through > newestPoint) {
            folded = new Stretch(newestPoint, through);
            inexact(newestPoint, through);
        }
    }

    /// Whether an image at this number would be exact, as far as passes are concerned.
    boolean exactAt(long vseq) {
        return inexact.stream().noneMatch(s -> s.holds(vseq));
    }

    void inexact(long after, long before) {
        var added = new Stretch(after, before);
        var all = new ArrayList<Stretch>();
        for (Stretch known : inexact) {
            if (known.overlaps(added)) {
                added = known.and(added);
            } else {
                all.add(known);
            }
        }
        all.add(added);
        if (all.size() > STRETCHES_MAX) {
            // Too many to remember: the two oldest become one, which costs images and never truth.
            all.addFirst(all.removeFirst().and(all.removeFirst()));
        }
        inexact = List.copyOf(all);
    }

    /// No image below this number is asked for any more.
    void forgetInexactBelow(long vseq) {
        inexact = inexact.stream().filter(s -> s.before > vseq).toList();
    }

    void voided(long number, long by) {
        if (by == 0) {
            return;
        }
        inexact(number - 1, by);
        // Two that overlap become one: the cuts in between are given up, which costs a point and
        // never truth.
        voided = number <= replacement ? Math.min(voided, number) : number;
        replacement = Math.max(replacement, by);
    }
}
