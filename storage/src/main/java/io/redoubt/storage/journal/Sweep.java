// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.port.Disk;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// One pass over the merged index that promotes, thins and merges; see [Visibility] for what becomes of a version.
///
/// The newest version at or below the new horizon goes to the base, what nobody can see goes, the rest stays: out of segments that are
/// less than half alive it is copied to a kept segment, elsewhere it stays where it is. A first look over the index alone counts what
/// is alive. Memory holds a page of each run and a counter for each segment, whatever the journal's size.
///
/// **What a crash leaves.** Until [Sweeps] replaces the manifest nothing of it counts: kept segments and the run are orphans that the next
/// start deletes, for what the base holds then see [Base]. The manifest is replaced only after [#step] has synced all of it and said so.
///
/// The journal's writer and any reader go on beside it.
final class Sweep {
    /// What its last steps make durable, in this order.
    private enum Phase {
        COUNT,
        MOVE,
        SETTLE_KEPT,
        SETTLE_BASE,
        SETTLE_RUN,
        SETTLE_NAMES,
        SETTLED
    }

    /// What a sweep goes over, and where its output goes.
    ///
    /// @param runs      oldest first; all of the index, or some neighbours of it to be merged
    /// @param segments  bytes of records in each segment that may go
    /// @param runNumber of the run that it writes
    /// @param kept      where copies go
    record Input(
            List<RunFile> runs,
            Map<Integer, Integer> segments,
            int runNumber,
            KeptWriter kept,
            Numbers horizon) {}

    private final Disk disk;
    private final Input input;
    private final BlockReader reader;
    private final Base base;
    private final Visibility plan;
    private final Visibility unpinned;
    private final boolean merging;
    private final Map<Integer, Long> live = new HashMap<>();
    private final Set<Integer> copied = new HashSet<>();
    private final Set<Integer> gone = new HashSet<>();
    private final ByteBuffer block = ByteBuffer.allocate(Blocks.SIZE);
    private final ReentrantLock stepping = new ReentrantLock();
    private Phase phase;
    private MergedRuns merged;
    private @Nullable IndexEntry ahead;
    private @Nullable RunWriter writer;
    private @Nullable RunFile output;
    private List<Manifest.Kept> copies = List.of();
    private long places;
    private long lastPlace = -1;
    private long pinnedBytes;

    private Sweep(
            Disk disk,
            Input input,
            BlockReader reader,
            Base base,
            Visibility plan,
            Visibility unpinned,
            boolean merging) {
        this.disk = disk;
        this.input = input;
        this.reader = reader;
        this.base = base;
        this.plan = plan;
        this.unpinned = unpinned;
        this.merging = merging;
        this.phase = merging ? Phase.MOVE : Phase.COUNT;
        this.merged = new MergedRuns(input.runs);
        this.ahead = merged.next();
        if (merging) {
            places =
                    input.runs.stream()
                            .mapToLong(r -> (long) r.pages() * RunFile.PAGE_ENTRIES)
                            .sum();
        }
    }

    /// @param plan     what the kept points need
    /// @param unpinned what they would need but for the pins, to tell what pins cost
    static Sweep full(
            Disk disk,
            Input input,
            BlockReader reader,
            Base base,
            Visibility plan,
            Visibility unpinned) {
        return new Sweep(disk, input, reader, base, plan, unpinned, false);
    }

    /// Makes one run of several, and changes nothing else.
    static Sweep merge(Disk disk, Input input, BlockReader reader, Base base) {
        var nothing = Visibility.unchanged(input.horizon);
        return new Sweep(disk, input, reader, base, nothing, nothing, true);
    }

    /// Goes on for about so many bytes of reading and writing, or makes one part of it durable.
    ///
    /// @return false when all of it is durable and waits for the manifest
    boolean step(long bytes) {
        stepping.lock();
        try {
            return advance(bytes);
        } finally {
            stepping.unlock();
        }
    }

    private boolean advance(long bytes) {
        switch (phase) {
            case COUNT -> count(bytes);
            case MOVE -> move(bytes);
            case SETTLE_KEPT -> {
                copies = input.kept.finish();
                phase = Phase.SETTLE_BASE;
            }
            case SETTLE_BASE -> {
                if (!merging) {
                    base.sync();
                }
                phase = Phase.SETTLE_RUN;
            }
            case SETTLE_RUN -> {
                RunWriter run = writer;
                if (run != null) {
                    output = run.finish();
                    writer = null;
                }
                phase = Phase.SETTLE_NAMES;
            }
            case SETTLE_NAMES -> {
                disk.sync();
                phase = Phase.SETTLED;
            }
            case SETTLED -> {}
        }
        return phase != Phase.SETTLED;
    }

    /// The next version and what becomes of it; null at the end.
    private @Nullable IndexEntry take() {
        IndexEntry entry = ahead;
        ahead = entry == null ? null : merged.next();
        return entry;
    }

    private Visibility.Fate fate(Visibility by, IndexEntry entry) {
        IndexEntry after = ahead;
        boolean last = after == null || after.place() != entry.place();
        long next = last ? Long.MAX_VALUE : Objects.requireNonNull(after).vseq();
        return by.of(entry.place(), entry.vseq(), next);
    }

    private void count(long bytes) {
        for (long left = bytes; left > 0; left -= IndexEntry.BYTES) {
            IndexEntry entry = take();
            if (entry == null) {
                chooseSegments();
                merged = new MergedRuns(input.runs);
                ahead = merged.next();
                phase = Phase.MOVE;
                return;
            }
            if (fate(plan, entry) == Visibility.Fate.STAYS) {
                live.merge(entry.segment(), (long) entry.recordBytes(), Long::sum);
                places += entry.place() == lastPlace ? 0 : 1;
                lastPlace = entry.place();
                if (fate(unpinned, entry) != Visibility.Fate.STAYS) {
                    pinnedBytes += entry.recordBytes();
                }
            }
        }
    }

    private void chooseSegments() {
        input.segments.forEach((segment, bytes) -> {
            long alive = live.getOrDefault(segment, 0L);
            if (alive * 2 < bytes) {
                gone.add(segment);
                copied.add(segment);
            }
        });
        copied.add(0); // zeros of version 1, whose records may be anywhere
    }

    private void move(long bytes) {
        for (long left = bytes; left > 0; ) {
            IndexEntry entry = take();
            if (entry == null) {
                phase = Phase.SETTLE_KEPT;
                return;
            }
            left -= IndexEntry.BYTES;
            switch (fate(plan, entry)) {
                case GONE -> {}
                case BASE -> {
                    // At or below the old horizon the base holds it, or a newer one, already.
                    if (entry.vseq() > input.horizon.at(Blocks.slot(entry.place()))) {
                        promote(entry);
                        left -= entry.recordBytes();
                    }
                }
                case STAYS -> {
                    boolean copy = !merging && copied.contains(entry.segment());
                    requireWriter().add(copy ? copy(entry) : entry);
                    left -= copy ? entry.recordBytes() : 0;
                }
            }
        }
    }

    private void promote(IndexEntry entry) {
        int slot = Blocks.slot(entry.place());
        long at = Blocks.block(entry.place());
        if (entry.isZeros()) {
            base.zero(slot, at);
        } else {
            boolean good = reader.intact(entry, block.clear());
            base.put(slot, at, block.flip(), good);
        }
    }

    private IndexEntry copy(IndexEntry entry) {
        if (entry.isZeros()) {
            return input.kept.zeros(entry);
        }
        boolean good = reader.intact(entry, block.clear());
        return input.kept.copy(entry, block.flip(), good);
    }

    private RunWriter requireWriter() {
        RunWriter run = writer;
        if (run == null) {
            run = new RunWriter(disk, input.runNumber, places);
            writer = run;
        }
        return run;
    }

    boolean merging() {
        return merging;
    }

    Visibility plan() {
        return plan;
    }

    List<RunFile> inputs() {
        return input.runs;
    }

    /// The run that takes the place of the inputs; null when nothing is left of them.
    @Nullable RunFile output() {
        return output;
    }

    List<Manifest.Kept> copies() {
        return copies;
    }

    /// Segments that nothing needs once the new manifest is durable.
    Set<Integer> gone() {
        return gone;
    }

    /// Bytes that stay for pins alone.
    long pinnedBytes() {
        return pinnedBytes;
    }

    /// It will not be finished: its files go, and no step does anything any more. What it wrote to the base is as after a crash.
    void discard() {
        stepping.lock();
        try {
            phase = Phase.SETTLED;
            input.kept.discard();
            if (writer != null) {
                writer.discard();
            }
            if (output != null) {
                output.close();
                disk.delete(RunFile.name(output.number()));
            }
        } finally {
            stepping.unlock();
        }
    }
}
