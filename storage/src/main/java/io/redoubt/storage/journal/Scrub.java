// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.VolumeId;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Reads every version in the runs, then every block of the base, then the headers of all segments, and lists what is not as it was written
/// (rule 31).
///
/// It keeps a place and no file between its steps, so sweeps and ingest go on beside it. What came meanwhile is the next scrub's.
final class Scrub {
    /// More than this is a dead disk, and the list would help nobody.
    private static final int FOUND_MAX = 10_000;

    private final OnDisk here;
    private final GroupState state;
    private final Index index;
    private final Base base;
    private final BlockReader reader;
    private final Damages damages;
    private final List<DamagedVersion> found = new ArrayList<>();
    private final List<JournalFault> headers = new ArrayList<>();
    private final ByteBuffer block = ByteBuffer.allocate(Blocks.SIZE);
    private long place;
    private long vseq;
    private boolean versionsDone;
    private int baseSlot;
    private long baseBlock;
    private int header;

    Scrub(GroupState state, OnDisk here) {
        this.here = here;
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
            return baseSlot < state.memberCount() ? base(bytes) : headers(bytes);
        } finally {
            reader.reading().unlock();
        }
    }

    List<DamagedVersion> found() {
        return found;
    }

    /// Segments whose header is damaged. Nothing that a point shows is lost with one.
    List<JournalFault> headers() {
        return headers;
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

    /// In the order of their numbers, because what a sweep takes away meanwhile must not make it pass over another one.
    private boolean headers(long bytes) {
        List<Integer> left =
                here.manifest().now().files().filter(n -> n > header).sorted().toList();
        long count = Math.max(1, bytes / Blocks.SIZE);
        for (int number : left.subList(0, (int) Math.min(count, left.size()))) {
            here.segments().checkHeader(number).ifPresent(headers::add);
            header = number;
        }
        return left.size() > count;
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
        return true;
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
