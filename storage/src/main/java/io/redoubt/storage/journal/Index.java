// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListSet;
import org.jspecify.annotations.Nullable;

/// The versions of all blocks above the horizon: the newest in memory, the older in runs.
///
/// One writer, any number of readers: they see one consistent set of tables and its horizon through a single reference.
final class Index implements AutoCloseable {
    private record Tables(
            ConcurrentSkipListSet<IndexEntry> memory, List<RunFile> runs, Numbers horizon) {}

    private volatile Tables tables =
            new Tables(new ConcurrentSkipListSet<>(), List.of(), Numbers.NONE);
    private int memoryEntries;

    void put(IndexEntry entry) {
        ConcurrentSkipListSet<IndexEntry> memory = tables.memory;
        // The same version again (a pass that is sent twice) takes the newer place.
        if (memory.remove(entry)) {
            memoryEntries--;
        }
        memory.add(entry);
        memoryEntries++;
    }

    /// The newest version of a block at or below a number; null when the base holds it.
    @Nullable IndexEntry newest(long place, long vseqMax) {
        Tables now = tables;
        IndexEntry best = now.memory.floor(IndexEntry.bound(place, vseqMax));
        if (best != null && best.place() != place) {
            best = null;
        }
        // A pass fills in old numbers late, so the newest table need not hold the highest number.
        for (RunFile run : now.runs) {
            IndexEntry found = run.newest(place, vseqMax);
            if (found != null && (best == null || found.vseq() > best.vseq())) {
                best = found;
            }
        }
        return best == null || best.vseq() <= now.horizon.at(Blocks.slot(place)) ? null : best;
    }

    Numbers horizon() {
        return tables.horizon;
    }

    int memoryEntries() {
        return memoryEntries;
    }

    ConcurrentSkipListSet<IndexEntry> memory() {
        return tables.memory;
    }

    /// Oldest first.
    List<RunFile> runs() {
        return tables.runs;
    }

    long runBytes() {
        return tables.runs.stream().mapToLong(RunFile::bytes).sum();
    }

    /// @return why one of the runs cannot be used; then it has none of them
    Optional<JournalFault> open(Disk disk, List<Manifest.Run> named, Numbers horizon) {
        var runs = new ArrayList<RunFile>();
        try {
            for (Manifest.Run run : named) {
                runs.add(RunFile.open(disk, run.number()));
            }
            tables = new Tables(tables.memory, List.copyOf(runs), horizon);
            return Optional.empty();
        } catch (FaultException e) {
            runs.forEach(RunFile::close);
            tables = new Tables(tables.memory, List.of(), horizon);
            return Optional.of(JournalFault.in(e));
        }
    }

    /// The run holds everything in memory: swaps one for the other in one step.
    void replaceMemoryBy(RunFile run) {
        var runs = new ArrayList<RunFile>(tables.runs);
        runs.add(run);
        tables = new Tables(new ConcurrentSkipListSet<>(), List.copyOf(runs), tables.horizon);
        memoryEntries = 0;
    }

    /// A sweep is in force. No reader may be inside of [#newest] or of a file that it named.
    void replaceRuns(List<RunFile> changed, Numbers horizon) {
        tables = new Tables(tables.memory, List.copyOf(changed), horizon);
    }

    @Override
    public void close() {
        tables.runs.forEach(RunFile::close);
    }
}
