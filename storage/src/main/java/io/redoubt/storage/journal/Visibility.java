// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.VolumeId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/// Which versions anybody can still see, and from where: a pure function of the kept points (I16).
///
/// A version of a block is what a cut c shows when its own number is at or below c and the next version's is above. A later cut than all of
/// these may come: it is at or above the dense point, and above that nothing goes.
final class Visibility {
    /// What becomes of a version.
    enum Fate {
        /// Nobody can see it.
        GONE,
        /// It is the block as it was at the horizon.
        BASE,
        /// A kept cut, a number of the dense window, or a later cut shows it.
        STAYS
    }

    private final Numbers horizon;
    private final Numbers dense;
    private final List<Member.Stretch> folded;
    private final long[][] cuts;
    private final long[] ends;

    private Visibility(
            Numbers horizon,
            Numbers dense,
            List<Member.Stretch> folded,
            long[][] cuts,
            long[] ends) {
        this.ends = ends;
        this.horizon = horizon;
        this.dense = dense;
        this.folded = folded;
        this.cuts = cuts;
    }

    /// Nothing goes but what the base holds already.
    static Visibility unchanged(Numbers horizon) {
        return new Visibility(horizon, Numbers.NONE, List.of(), new long[0][], new long[0]);
    }

    /// What these points need. The horizon comes to the oldest of them; it never goes back, and never above a number that a pass may still
    /// bring. Of a member that left only what kept points show stays, and nothing at all, base included, when no point holds it.
    ///
    /// @param since the horizon until now
    /// @param kept  the offered points
    /// @param held  single numbers that somebody holds, in the history itself
    /// @param dense from these numbers on each can be seen: those of a point, or none when there is no point
    /// @param ends  nobody sees a version above these any more; null while there may be later cuts, or a branch
    static Visibility of(
            GroupState state,
            Numbers since,
            List<RecoveryPoint> kept,
            List<Pin.At> held,
            Map<VolumeId, Long> dense,
            @Nullable Map<VolumeId, Long> ends) {
        int members = state.memberCount();
        var horizon = new long[members];
        var floor = new long[members];
        var folded = new ArrayList<Member.Stretch>();
        var cuts = new long[members][];
        long[] last = ends(state, ends);
        for (int slot = 0; slot < members; slot++) {
            Member member = state.member(slot);
            cuts[slot] = numbers(kept, held, member.volume);
            long oldest = cuts[slot].length == 0 ? since.at(slot) : cuts[slot][0];
            long complete = member.debt ? Math.min(oldest, member.gapFrom) : oldest;
            horizon[slot] = Math.max(since.at(slot), complete);
            floor[slot] = dense.getOrDefault(member.volume, 0L);
            folded.add(member.folded);
            if (member.left) {
                boolean shown = cuts[slot].length > 0;
                long newest = shown ? cuts[slot][cuts[slot].length - 1] : 0;
                last[slot] = Math.min(last[slot], newest);
                floor[slot] = dense.getOrDefault(member.volume, newest);
                horizon[slot] = shown || member.adopted ? horizon[slot] : 0;
            }
        }
        return new Visibility(
                Numbers.of(horizon), Numbers.of(floor), List.copyOf(folded), cuts, last);
    }

    private static long[] ends(GroupState state, @Nullable Map<VolumeId, Long> ends) {
        var numbers = new long[state.memberCount()];
        for (int slot = 0; slot < numbers.length; slot++) {
            numbers[slot] =
                    ends == null
                            ? Long.MAX_VALUE
                            : ends.getOrDefault(state.member(slot).volume, 0L);
        }
        return numbers;
    }

    private static long[] numbers(List<RecoveryPoint> kept, List<Pin.At> held, VolumeId volume) {
        LongStream points =
                kept.stream()
                        .map(RecoveryPoint::vector)
                        .map((Map<VolumeId, Long> v) -> v.getOrDefault(volume, -1L))
                        .mapToLong(Long::longValue)
                        .filter(v -> v >= 0);
        LongStream alone =
                held.stream().filter(at -> at.volume().equals(volume)).mapToLong(Pin.At::vseq);
        return LongStream.concat(points, alone).distinct().sorted().toArray();
    }

    Numbers horizon() {
        return horizon;
    }

    /// Above these numbers nothing is thinned out.
    Numbers dense() {
        return dense;
    }

    /// @param next the number of the block's next version, [Long#MAX_VALUE] when there is none
    Fate of(long place, long vseq, long next) {
        int slot = Blocks.slot(place);
        if (slot < ends.length && vseq > ends[slot]) {
            return Fate.GONE;
        }
        if (vseq <= horizon.at(slot)) {
            return next <= horizon.at(slot) ? Fate.GONE : Fate.BASE;
        }
        boolean seen =
                next == Long.MAX_VALUE
                        || (vseq > dense.at(slot) && !foldedAway(slot, vseq, next))
                        || shown(slot, vseq, next);
        return seen ? Fate.STAYS : Fate.GONE;
    }

    /// Whether the version was given up, and so was everything before its successor.
    private boolean foldedAway(int slot, long vseq, long next) {
        Member.Stretch stretch = slot < folded.size() ? folded.get(slot) : Member.Stretch.NONE;
        return stretch.holds(vseq) && next <= stretch.before();
    }

    /// Whether a kept cut lies at or above the version and below its successor.
    private boolean shown(int slot, long vseq, long next) {
        int found = Arrays.binarySearch(cuts[slot], vseq);
        int first = found >= 0 ? found : -found - 1;
        return first < cuts[slot].length && cuts[slot][first] < next;
    }
}
