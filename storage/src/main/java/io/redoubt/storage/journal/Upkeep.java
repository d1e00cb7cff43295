// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The part of a journal that keeps it small and knows how large it is: runs, merges, sweeps, folds. [Housekeeping] says when.
///
/// The journal's one writer calls it, but for the steps of a sweep or a scrub.
final class Upkeep {
    /// More runs than this are merged before the next one is written, so no lookup asks more.
    private static final int RUNS_MAX = 32;

    private static final long STEP_BYTES = 4 << 20;

    private final OnDisk here;
    private volatile JournalLimits limits;
    private final GroupState state;
    private final SegmentLog log;
    private final Offers offers;
    private final Sweeps sweeps;
    private long settledBytes;

    Upkeep(OnDisk here, JournalLimits limits, GroupState state, SegmentLog log, Offers offers) {
        this.here = here;
        this.limits = limits;
        this.state = state;
        this.log = log;
        this.offers = offers;
        this.sweeps = new Sweeps(here, limits.segmentBytes());
    }

    /// Makes the index anew from log and kept segments; the state is that of the checkpoint.
    ///
    /// @return what could not be read
    List<JournalFault> rebuild() {
        return new Rebuild(here, state, limits.runEntries())
                .run(sweeps::nextRun, log.knownDurable());
    }

    /// Looks up the room of everything but the log.
    void measure() {
        settledBytes =
                here.index().runBytes()
                        + here.base().room()
                        + here.manifest().now().kept().stream().mapToLong(Manifest.Kept::end).sum();
    }

    private long bytes() {
        return (long) here.manifest().now().segments().size() * limits.segmentBytes()
                + settledBytes;
    }

    /// No data is taken beyond the quota.
    ///
    /// @throws FaultException with [JournalFault.Full]
    void requireRoom(int bytes) {
        long more = log.rolls(bytes) ? limits.segmentBytes() : 0;
        if (bytes() + more > limits.quotaBytes()) {
            throw new FaultException(new JournalFault.Full(bytes(), limits.quotaBytes()));
        }
    }

    /// Whether the quota lets nothing more in than what is there.
    boolean stopped() {
        return bytes() + limits.segmentBytes() > limits.quotaBytes();
    }

    /// Another quota, from the next write on.
    void quota(long bytes) {
        limits = limits.withQuota(bytes);
    }

    JournalRoom room() {
        long free = here.disk().freeBytes();
        long limit = free > limits.quotaBytes() - bytes() ? limits.quotaBytes() : bytes() + free;
        return new JournalRoom(bytes(), limit, sweeps.pinnedBytes());
    }

    /// See [Journal#sync].
    void sync() {
        settle();
        if (here.index().memoryEntries() >= limits.runEntries()) {
            writeRun();
            if (here.index().runs().size() > RUNS_MAX) {
                mergeNow();
            }
        } else {
            rememberMembers();
        }
    }

    /// Who joined is in the manifest, too, from the sync on that makes its record durable: without it nobody could say whose the blocks of a slot
    /// are, so damage to that one record would cost the whole journal.
    private void rememberMembers() {
        ManifestFile manifest = here.manifest();
        Manifest.Checkpoint known = manifest.now().checkpoint();
        if (known.members().size() < state.memberCount()) {
            manifest.replace(manifest.now().withCheckpoint(state.withJoined(known)));
        }
    }

    private void settle() {
        log.sync();
        offers.offer(state.points());
    }

    private void mergeNow() {
        if (sweeps.merging().isPresent() || sweeps.beginMerge()) {
            Sweep merge = sweeps.merging().orElseThrow();
            while (merge.step(STEP_BYTES)) {}
            sweeps.commit(merge);
        }
    }

    /// The log is durable up to here. A crash before the manifest names the run leaves an orphan that the next start deletes.
    private void writeRun() {
        Manifest.Checkpoint checkpoint =
                state.checkpoint(log.lsn(), log.activeNumber(), log.position());
        ManifestFile manifest = here.manifest();
        if (here.index().memoryEntries() == 0) {
            manifest.replace(manifest.now().withCheckpoint(checkpoint));
            return;
        }
        RunFile run = RunFile.write(here.disk(), sweeps.nextRun(), here.index().memory());
        here.disk().sync();
        manifest.replace(manifest.now().withRun(new Manifest.Run(run.number()), checkpoint));
        here.index().replaceMemoryBy(run);
        measure();
    }

    /// The sweep to be stepped now, if any: a merge before a full one.
    Optional<Sweep> sweeping() {
        return sweeps.merging().or(sweeps::full);
    }

    /// Begins a full sweep: every version that no kept point and no number of the dense window needs goes.
    ///
    /// Each point that was dropped is so durably, also without the log: the checkpoint says it.
    ///
    /// @param dense       from these numbers on each can be seen
    /// @param pinnedAlone points that are kept for their pins alone
    /// @param held        single numbers that stay for their pins
    void beginSweep(Map<VolumeId, Long> dense, Set<Long> pinnedAlone, List<Pin.At> held) {
        settle();
        writeRun();
        List<RecoveryPoint> kept = offers.all();
        List<RecoveryPoint> wanted =
                kept.stream().filter(p -> !pinnedAlone.contains(p.number())).toList();
        Numbers since = here.index().horizon();
        WayBack.Commit commit = here.manifest().now().back().commit();
        Map<VolumeId, Long> ends = commit != null && commit.forgotten() ? commit.vector() : null;
        sweeps.begin(
                state,
                Visibility.of(state, since, kept, held, dense, ends),
                Visibility.of(state, since, wanted, List.of(), dense, ends));
    }

    /// Above these numbers a sweep that is under way thins nothing out; what lies below may be gone with its end.
    Numbers planned() {
        return sweeps.full().map(sweep -> sweep.plan().dense()).orElse(Numbers.NONE);
    }

    /// Gives up, for good, that a cut between the newest point and the newest number becomes a point, so that the next sweep leaves one
    /// version of each block there. Without it a backlog that fills the quota before its cut comes would stay for ever.
    ///
    /// The caller begins a sweep, whose checkpoint says so before anything goes.
    void fold() {
        sync();
        state.fold();
    }

    /// Whether [#fold] would give anything up. What came behind a commit is the branch's, and no backlog.
    boolean foldable() {
        return here.manifest().now().back().commit() == null && state.foldable();
    }

    /// Begins to merge runs, when there are enough of them.
    boolean beginMerge() {
        return sweeps.merging().isEmpty() && sweeps.beginMerge();
    }

    /// Puts a sweep in force that has no step left; nothing happens when somebody else has done so.
    void commit(Sweep sweep) {
        sweeps.commit(sweep);
        state.forgetInexactBelow(here.manifest().now().floor());
        measure();
    }

    void abandon(Sweep sweep) {
        sweeps.abandon(sweep);
        measure();
    }

    void abandonAll() {
        sweeps.abandonAll();
    }

    /// Begins to read everything that is alive.
    Scrub scrub() {
        return new Scrub(state, here);
    }
}
