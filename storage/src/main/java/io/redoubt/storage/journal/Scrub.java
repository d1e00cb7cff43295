// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.VolumeId;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Reads every version in the runs, then every block of the base, and lists what is not as it was written (rule 31).
///
/// It keeps a place and no file between its steps, so sweeps and ingest go on beside it. What came meanwhile is the next scrub's.
final class Scrub {
    /// More than this is a dead disk, and the list would help nobody.
    private static final int FOUND_MAX = 10_000;

    private final GroupState state;
    private final Index index;
    private final Base base;
    private final BlockReader reader;
    private final Damages damages;
    private final List<DamagedVersion> found = new ArrayList<>();
    private final ByteBuffer block = ByteBuffer.allocate(Blocks.SIZE);
    private long place;
    private long vseq;
    private boolean versionsDone;
    private int baseSlot;
    private long baseBlock;

    Scrub(GroupState state, OnDisk here) {
        this.state = state;
        this.index = here.index();
        this.base = here.base();
        this.reader = here.reader();
        this.damages = here.damages();
    }

    /// Goes on for about so many bytes.
    ///
    /// @return false when all was read
    /// @throws io.redoubt.core.fault.FaultException with [JournalFault.Damaged] for a page of the index
    boolean step(long bytes) {
        reader.reading().lock();
        try {
            if (!versionsDone) {
                versions(bytes);
                return true;
            }
            return base(bytes);
        } finally {
            reader.reading().unlock();
        }
    }

    List<DamagedVersion> found() {
        return found;
    }

    private void versions(long bytes) {
        var merged = new MergedRuns(index.runs(), place, vseq);
        for (long left = bytes; left > 0; ) {
            @Nullable IndexEntry entry = merged.next();
            if (entry == null) {
                versionsDone = true;
                return;
            }
            place = entry.place();
            vseq = entry.vseq() + 1;
            left -= IndexEntry.BYTES;
            if (!entry.isZeros()) {
                left -= Blocks.SIZE;
                if (!reader.stored(entry, block.clear())) {
                    add(entry.place(), entry.vseq());
                }
            }
        }
    }

    private boolean base(long bytes) {
        for (long left = bytes; left > 0 && baseSlot < state.memberCount(); ) {
            long blocks = Blocks.up(state.member(baseSlot).size) / Blocks.SIZE;
            baseBlock = base.nextWritten(baseSlot, baseBlock, blocks);
            if (baseBlock >= blocks) {
                baseSlot++;
                baseBlock = 0;
                continue;
            }
            left -= Blocks.SIZE;
            if (base.stored(baseSlot, baseBlock, block.clear()) == Base.Stored.DAMAGED) {
                add(Blocks.place(baseSlot, baseBlock), index.horizon().at(baseSlot));
            }
            baseBlock++;
        }
        return baseSlot < state.memberCount();
    }

    private void add(long damaged, long number) {
        damages.note(damaged, number);
        List<Long> points = damages.points(state, damaged, number);
        // What no point shows is what a crash left of a promotion, or goes with the next sweep.
        if (!points.isEmpty() && found.size() < FOUND_MAX) {
            VolumeId volume = state.member(Blocks.slot(damaged)).volume;
            found.add(new DamagedVersion(volume, Blocks.block(damaged), number, points));
        }
    }
}
