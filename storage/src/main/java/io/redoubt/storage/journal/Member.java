// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.VolumeId;

/// What the log says about one volume of the group. Changed only by applying records, so a replay ends in the same state.
final class Member {
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

    Member(VolumeId volume, int slot, long size) {
        this.volume = volume;
        this.slot = slot;
        this.size = size;
    }

    /// A write whose number is void left its range unknown; the content came under `replacement`. No cut between the two is exact.
    long voided;

    long replacement;

    /// Whether a cut at this number may count the member in.
    boolean covers(long vseq) {
        return through >= vseq && !(debt && vseq > gapFrom) && !splitsReplacement(vseq);
    }

    /// A cut at this number holds a void write without what replaced it: it can never be published.
    boolean splitsReplacement(long vseq) {
        return vseq >= voided && vseq < replacement;
    }

    void voided(long number, long by) {
        if (by == 0) {
            return;
        }
        // Two that overlap become one: the cuts in between are given up, which costs a point and
        // never truth.
        voided = number <= replacement ? Math.min(voided, number) : number;
        replacement = Math.max(replacement, by);
    }
}
