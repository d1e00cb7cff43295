// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What a journal holds behind the point where another history went on: after a promotion at a point C and [#commit] of it.
///
/// The points above C stay what they were, listed apart: they can be opened, pinned, protected and dropped, and are nobody's newest. They and
/// every version above C stay until the last rung of the ladder has passed since the commit, so [Journal#changedSince] C is complete until
/// then; or until [#forget].
///
/// **What a crash leaves.** A commit is one replacement of the manifest: it is there or not. [#forget] drops the branch's points durably,
/// then notes in the manifest that nobody needs what lies above C, and only a sweep after that takes versions away; a crash in between
/// leaves a branch without points, and the same call ends it.
///
/// The journal's one writer calls it, but for [#points] and [#committed].
public final class Branch {
    private final Journal journal;
    private final ManifestFile manifest;
    private final GroupState state;
    private final Offers offers;

    Branch(Journal journal, ManifestFile manifest, GroupState state, Offers offers) {
        this.journal = journal;
        this.manifest = manifest;
        this.state = state;
        this.offers = offers;
    }

    private WayBack.@Nullable Commit now() {
        return manifest.now().back().commit();
    }

    /// The point that the other history went on from, once that is decided.
    public OptionalLong committed() {
        WayBack.Commit commit = now();
        return commit == null ? OptionalLong.empty() : OptionalLong.of(commit.point());
    }

    /// The points above it, oldest first.
    public List<RecoveryPoint> points() {
        return offers.branch();
    }

    /// Ends this history at a point, durably when it returns: it takes no data any more. The same again changes nothing.
    ///
    /// @throws FaultException with [JournalFault.NoSuchPoint], with [JournalFault.Committed] when it ended at another one
    public void commit(long point, long nowMillis) {
        WayBack.Commit before = now();
        if (before != null) {
            if (before.point() != point) {
                throw new FaultException(new JournalFault.Committed(before.point()));
            }
            return;
        }
        Map<VolumeId, Long> vector = offers.require(point).vector();
        journal.sync();
        replace(new WayBack.Commit(point, vector, nowMillis, false));
    }

    private void replace(WayBack.Commit commit) {
        manifest.replace(manifest.now().withBack(manifest.now().back().with(commit)));
        offers.offer(state.points());
    }

    /// Gives the branch up: its points at once, what they needed with the next sweep. Nothing happens without one. Somebody who holds a single
    /// number of it keeps it as one who holds a point does.
    ///
    /// @throws FaultException with [JournalFault.Pinned]
    public void forget() {
        WayBack.Commit commit = now();
        if (commit != null && !commit.forgotten()) {
            List<String> holders = journal.holdersAbove(commit.vector());
            if (!holders.isEmpty()) {
                throw new FaultException(new JournalFault.BranchHeld(commit.point(), holders));
            }
            journal.drop(points().stream().map(RecoveryPoint::number).toList());
            replace(new WayBack.Commit(commit.point(), commit.vector(), commit.atMillis(), true));
        }
    }

    /// Drops what the last rung of the ladder does not keep, and forgets the branch with its last point. Named, protected and pinned points
    /// stay.
    ///
    /// @return whether anything may go
    boolean expire(long nowMillis, Ladder ladder) {
        WayBack.Commit commit = now();
        if (commit == null || commit.forgotten()) {
            return false;
        }
        Duration kept = ladder.rungs().getLast().until();
        if (nowMillis - commit.atMillis() <= kept.toMillis()) {
            return false;
        }
        Set<Long> guarded = journal.guarded();
        Set<Long> pinned = journal.pinned();
        List<Long> going =
                points().stream()
                        .filter(p -> p.name().isEmpty() && !guarded.contains(p.number()))
                        .map(RecoveryPoint::number)
                        .filter(n -> !pinned.contains(n))
                        .toList();
        if (going.size() == points().size() && journal.holdersAbove(commit.vector()).isEmpty()) {
            forget();
            return true;
        }
        if (!going.isEmpty()) {
            journal.drop(going);
        }
        return !going.isEmpty();
    }

    /// @throws FaultException with [JournalFault.Committed] when this history ended
    void requireOpen() {
        WayBack.Commit commit = now();
        if (commit != null) {
            throw new FaultException(new JournalFault.Committed(commit.point()));
        }
    }

    /// @throws FaultException with [JournalFault.ChangesUnknown]
    void requireKnown(Member member, long since, Numbers horizon) {
        WayBack.Commit commit = now();
        @Nullable String why = null;
        if (since < horizon.at(member.slot)) {
            why = "its base stands at write " + horizon.at(member.slot);
        } else if (commit != null && commit.forgotten()) {
            why = "the branch above point " + commit.point() + " was given up";
        }
        if (why != null) {
            throw new FaultException(new JournalFault.ChangesUnknown(member.volume, since, why));
        }
    }
}
