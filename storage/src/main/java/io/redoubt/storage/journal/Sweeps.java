// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.port.Disk;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Begins sweeps and puts them in force: one full sweep at a time, and beside it one merge of the runs that were added since it began.
///
/// In force means: one manifest replacement, then one swap of the tables that excludes readers, then the files that nothing names go. A crash
/// after the manifest leaves these files to the next start.
final class Sweeps {
    /// Runs of similar size that are merged into one.
    private static final int TIER = 4;

    private final OnDisk here;
    private final Disk disk;
    private final ManifestFile manifest;
    private final Segments segments;
    private final Index index;
    private final Base base;
    private final BlockReader reader;
    private final int segmentBytes;
    private @Nullable Sweep full;
    private @Nullable Sweep merging;
    private int lastRun;
    private int lastKept = Segments.KEPT;
    private long pinnedBytes;

    Sweeps(OnDisk here, int segmentBytes) {
        this.here = here;
        this.disk = here.disk();
        this.manifest = here.manifest();
        this.segments = here.segments();
        this.index = here.index();
        this.base = here.base();
        this.reader = here.reader();
        this.segmentBytes = segmentBytes;
        manifest.now().runs().forEach(r -> lastRun = Math.max(lastRun, r.number()));
        manifest.now().kept().forEach(k -> lastKept = Math.max(lastKept, k.number()));
    }

    int nextRun() {
        return ++lastRun;
    }

    Optional<Sweep> full() {
        return Optional.ofNullable(full);
    }

    Optional<Sweep> merging() {
        return Optional.ofNullable(merging);
    }

    /// Bytes that stayed for pins alone at the last sweep.
    long pinnedBytes() {
        return pinnedBytes;
    }

    /// Begins a full sweep. Every entry at or below the new horizon is in a run, and the manifest's checkpoint knows the points.
    void begin(GroupState state, Visibility plan, Visibility unpinned) {
        Manifest now = manifest.now();
        for (int slot = 0; slot < plan.horizon().size(); slot++) {
            if (plan.horizon().at(slot) > 0) {
                base.make(slot, state.member(slot).size);
            }
        }
        Map<Integer, Integer> candidates = new HashMap<>();
        for (Manifest.Segment segment : now.segments()) {
            if (segment.sealedEnd() > 0 && segment.number() < now.checkpoint().segment()) {
                candidates.put(segment.number(), segment.sealedEnd());
            }
        }
        now.kept().forEach(k -> candidates.put(k.number(), k.end()));
        full = Sweep.full(disk, input(index.runs(), candidates), reader, base, plan, unpinned);
        // Whoever read on the word of a point that was dropped since has done so before this
        // returns.
        reader.alone(() -> {});
    }

    /// Begins to merge the newest runs when there are enough of similar size, so that their number grows with the logarithm of the index.
    ///
    /// @return whether there is anything to merge
    boolean beginMerge() {
        Sweep beside = full;
        List<RunFile> runs =
                index.runs().stream()
                        .filter(r -> beside == null || !beside.inputs().contains(r))
                        .toList();
        int from = runs.size();
        long newer = 0;
        while (from > 0 && (newer == 0 || runs.get(from - 1).bytes() <= 2 * newer)) {
            newer += runs.get(--from).bytes();
        }
        if (runs.size() - from < TIER) {
            return false;
        }
        merging = Sweep.merge(disk, input(runs.subList(from, runs.size()), Map.of()), reader, base);
        return true;
    }

    private Sweep.Input input(List<RunFile> runs, Map<Integer, Integer> candidates) {
        return new Sweep.Input(
                List.copyOf(runs),
                candidates,
                nextRun(),
                new KeptWriter(here, segmentBytes, lastKept + 1),
                index.horizon());
    }

    /// Puts a sweep in force that has no step left. Nothing happens when that was done already.
    void commit(Sweep sweep) {
        if (sweep != full && sweep != merging) {
            return;
        }
        Numbers before = manifest.now().horizon();
        manifest.replace(after(manifest.now(), sweep));
        forget(sweep);
        List<RunFile> runs = swapped(index.runs(), sweep);
        reader.alone(() -> {
            index.replaceRuns(runs, manifest.now().horizon());
            dropBases(before, manifest.now().horizon());
        });
        sweep.copies().forEach(k -> lastKept = Math.max(lastKept, k.number()));
        if (!sweep.merging()) {
            pinnedBytes = sweep.pinnedBytes();
        }
        sweep.inputs().forEach(RunFile::close);
        sweep.inputs().forEach(r -> disk.delete(RunFile.name(r.number())));
        sweep.gone().forEach(segments::delete);
    }

    /// A horizon goes back to the beginning only when nobody needs what the member had.
    private void dropBases(Numbers before, Numbers after) {
        for (int slot = 0; slot < before.size(); slot++) {
            if (before.at(slot) > 0 && after.at(slot) == 0) {
                base.drop(slot);
            }
        }
    }

    private void forget(Sweep sweep) {
        if (sweep == full) {
            full = null;
        } else {
            merging = null;
        }
    }

    private static Manifest after(Manifest now, Sweep sweep) {
        List<Manifest.Run> runs = runs(now.runs(), sweep);
        if (sweep.merging()) {
            return now.withRuns(runs);
        }
        Set<Integer> gone = sweep.gone();
        var kept = new ArrayList<Manifest.Kept>();
        now.kept().stream().filter(k -> !gone.contains(k.number())).forEach(kept::add);
        kept.addAll(sweep.copies());
        return now.withSwept(
                now.segments().stream().filter(s -> !gone.contains(s.number())).toList(),
                runs,
                kept,
                sweep.plan().horizon(),
                higher(now.floor(), sweep.plan().dense()));
    }

    /// The output stands where the inputs stood: runs before it are older, runs behind it were added meanwhile.
    private static List<Manifest.Run> runs(List<Manifest.Run> now, Sweep sweep) {
        Set<Integer> inputs = new HashSet<>();
        sweep.inputs().forEach(r -> inputs.add(r.number()));
        var runs = new ArrayList<Manifest.Run>();
        boolean placed = false;
        for (Manifest.Run run : now) {
            if (!inputs.contains(run.number())) {
                runs.add(run);
            } else if (!placed && sweep.output() != null) {
                runs.add(new Manifest.Run(Objects.requireNonNull(sweep.output()).number()));
                placed = true;
            }
        }
        return runs;
    }

    private static List<RunFile> swapped(List<RunFile> now, Sweep sweep) {
        var runs = new ArrayList<RunFile>();
        boolean placed = false;
        for (RunFile run : now) {
            if (!sweep.inputs().contains(run)) {
                runs.add(run);
            } else if (!placed && sweep.output() != null) {
                runs.add(Objects.requireNonNull(sweep.output()));
                placed = true;
            }
        }
        return runs;
    }

    private static Numbers higher(Numbers one, Numbers other) {
        var numbers = new long[Math.max(one.size(), other.size())];
        for (int slot = 0; slot < numbers.length; slot++) {
            numbers[slot] = Math.max(one.at(slot), other.at(slot));
        }
        return Numbers.of(numbers);
    }

    /// Gives a sweep up, after a fault of the disk: as a crash would, but for the orphans.
    void abandon(Sweep sweep) {
        if (sweep == full || sweep == merging) {
            forget(sweep);
            sweep.discard();
        }
    }

    void abandonAll() {
        full().ifPresent(this::abandon);
        merging().ifPresent(this::abandon);
    }
}
