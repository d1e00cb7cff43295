// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListSet;

/// Versions of blocks that are not what was written, as a start, a read, a sweep or a scrub met them. Any thread may note one.
///
/// While such a version is the newest of its block, a write of the whole block heals it: the newer version takes its place for every later
/// point. For the points that show it nothing heals it, and it stays listed with them until the last of them goes. The list is memory: after a
/// start it is what the start itself, reads and the next scrub find again.
final class Damages {
    /// More than this is a dead disk, and the list would help nobody.
    private static final int NOTED_MAX = 10_000;

    private final Index index;
    private final ConcurrentSkipListSet<IndexEntry> noted = new ConcurrentSkipListSet<>();

    Damages(Index index) {
        this.index = index;
    }

    /// @param vseq the number of the write that made it; the horizon, or below it, for a block of the base
    void note(long place, long vseq) {
        if (noted.size() < NOTED_MAX) {
            noted.add(IndexEntry.bound(place, vseq));
        }
    }

    /// Each with the points that show it, in order of places; forgets what is nobody's concern any more.
    List<DamagedVersion> listed(GroupState state) {
        var listed = new ArrayList<DamagedVersion>();
        for (IndexEntry version : noted) {
            List<Long> points = points(state, version.place(), version.vseq());
            if (!points.isEmpty()) {
                listed.add(
                        new DamagedVersion(
                                state.member(Blocks.slot(version.place())).volume,
                                Blocks.block(version.place()),
                                version.vseq(),
                                points));
            } else if (!shows(version.place(), version.vseq(), Long.MAX_VALUE)) {
                noted.remove(version);
            }
        }
        return listed;
    }

    /// The numbers of the kept points that show a version.
    List<Long> points(GroupState state, long place, long vseq) {
        var points = new ArrayList<Long>();
        for (RecoveryPoint point : state.points()) {
            Long cut = point.vector().get(state.member(Blocks.slot(place)).volume);
            if (cut != null && shows(place, vseq, cut)) {
                points.add(point.number());
            }
        }
        return points;
    }

    private boolean shows(long place, long vseq, long cut) {
        IndexEntry entry = index.newest(place, cut);
        return entry == null
                ? vseq <= index.horizon().at(Blocks.slot(place))
                : entry.vseq() == vseq;
    }

    /// What a write would heal, at most so many ranges.
    List<WantedRange> wanted(GroupState state, int rangesMax) {
        var ranges = new ArrayList<WantedRange>();
        long next = -1; // the place behind the last range
        for (IndexEntry version : noted) {
            if (!shows(version.place(), version.vseq(), Long.MAX_VALUE)) {
                continue;
            }
            int slot = Blocks.slot(version.place());
            long offset = Blocks.block(version.place()) * Blocks.SIZE;
            if (version.place() == next && ranges.getLast().slot() == slot) {
                WantedRange last = ranges.removeLast();
                ranges.add(
                        new WantedRange(
                                last.volume(), slot, last.offset(), last.length() + Blocks.SIZE));
            } else if (ranges.size() == rangesMax) {
                break;
            } else {
                ranges.add(new WantedRange(state.member(slot).volume, slot, offset, Blocks.SIZE));
            }
            next = version.place() + 1;
        }
        return ranges;
    }
}
