// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.block.BlockImage;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/// What a journal shows: its points, and single numbers of its members. Any thread may ask.
final class Offers {
    /// @param points of the history itself
    /// @param branch of what came behind the point where another history went on
    private record Kept(
            List<RecoveryPoint> all,
            List<RecoveryPoint> points,
            List<RecoveryPoint> branch,
            Map<Long, RecoveryPoint> byNumber) {}

    private final ManifestFile manifest;
    private final GroupState state;
    private final BlockReader reader;
    private volatile Kept kept = new Kept(List.of(), List.of(), List.of(), Map.of());

    Offers(ManifestFile manifest, GroupState state, BlockReader reader) {
        this.manifest = manifest;
        this.state = state;
        this.reader = reader;
    }

    /// These are durable, and no others are kept.
    void offer(List<RecoveryPoint> points) {
        long last = lastOf(manifest.now());
        List<RecoveryPoint> own = points.stream().filter(p -> p.number() <= last).toList();
        if (!points.equals(kept.all) || !own.equals(kept.points)) {
            kept =
                    new Kept(
                            points,
                            own,
                            points.stream().filter(p -> p.number() > last).toList(),
                            points.stream()
                                    .collect(
                                            Collectors.toUnmodifiableMap(
                                                    RecoveryPoint::number, Function.identity())));
        }
    }

    /// The number up to which points belong to the history itself.
    static long lastOf(Manifest manifest) {
        WayBack.Commit commit = manifest.back().commit();
        return commit == null ? Long.MAX_VALUE : commit.point();
    }

    /// Those of the history itself, oldest first.
    List<RecoveryPoint> points() {
        return kept.points;
    }

    /// Those behind the point where another history went on, oldest first.
    List<RecoveryPoint> branch() {
        return kept.branch;
    }

    /// Oldest first.
    List<RecoveryPoint> all() {
        return kept.all;
    }

    /// @throws FaultException with [JournalFault.NoSuchPoint]
    RecoveryPoint require(long number) {
        Kept now = kept;
        RecoveryPoint point = now.byNumber.get(number);
        return point != null ? point : RecoveryPoint.require(now.all, number);
    }

    JournalView view(long number) {
        return new JournalView(require(number), state, reader, () -> require(number));
    }

    BlockImage view(Member member, long vseq) {
        requireShown(member, vseq);
        return JournalView.at(member, vseq, reader, () -> requireShown(member, vseq));
    }

    /// What is held was in the window once, and every version that it needs has stayed since.
    private void requireShown(Member member, long vseq) {
        if (!held(member, vseq)) {
            requireInWindow(member, vseq);
        }
    }

    /// Whether a pin holds the member at this number.
    boolean held(Member member, long vseq) {
        List<Pin> pins = manifest.now().pins();
        return !pins.isEmpty() && Pins.numbers(pins).contains(new Pin.At(member.volume, vseq));
    }

    /// @param planned where a sweep that is under way will have ended thinning
    /// @throws FaultException with [JournalFault.OutsideWindow] or [JournalFault.NotExact]
    void requireInWindow(Member member, long vseq, Numbers planned) {
        long floor = Math.max(manifest.now().floor().at(member.slot), planned.at(member.slot));
        requireInWindow(kept.points, floor, member, vseq);
    }

    /// Like [#view], and beyond the newest point also what came behind it.
    BlockImage asOf(Member member, long vseq) {
        long newest =
                kept.points.isEmpty()
                        ? 0
                        : kept.points.getLast().vector().getOrDefault(member.volume, 0L);
        if (vseq <= newest) {
            return view(member, vseq);
        }
        if (vseq > member.through || !member.exactAt(vseq)) {
            throw new FaultException(new JournalFault.NotExact(member.volume, vseq));
        }
        return JournalView.at(member, vseq, reader, () -> {});
    }

    /// From the oldest kept point, or where thinning has ended above it, to the newest one.
    private void requireInWindow(Member member, long vseq) {
        requireInWindow(kept.points, manifest.now().floor().at(member.slot), member, vseq);
    }

    /// @param floor where thinning has ended
    static void requireInWindow(List<RecoveryPoint> points, long floor, Member member, long vseq) {
        VolumeId volume = member.volume;
        List<RecoveryPoint> holding =
                points.stream().filter(p -> p.vector().containsKey(volume)).toList();
        long from = 0;
        long to = -1;
        if (!holding.isEmpty()) {
            long oldest = holding.getFirst().vector().getOrDefault(volume, 0L);
            from = Math.max(floor, oldest);
            to = holding.getLast().vector().getOrDefault(volume, 0L);
        }
        if (vseq < from || vseq > to) {
            throw new FaultException(new JournalFault.OutsideWindow(volume, vseq, from, to));
        }
        if (!member.exactAt(vseq)) {
            throw new FaultException(new JournalFault.NotExact(volume, vseq));
        }
    }
}
