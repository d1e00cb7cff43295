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

    /// The pass that is open, 0 for none.
    long openPass;

    Member(VolumeId volume, int slot, long size) {
        this.volume = volume;
        this.slot = slot;
        this.size = size;
    }

    /// Whether a cut at this number may count the member in.
    boolean covers(long vseq) {
        return through >= vseq && !(debt && vseq > gapFrom);
    }
}
