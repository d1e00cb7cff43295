// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListSet;
import org.jspecify.annotations.Nullable;

/// The versions of all blocks: the newest in memory, the older in runs.
///
/// One writer, any number of readers: they see one consistent set of tables through a single reference.
final class Index implements AutoCloseable {
    private record Tables(ConcurrentSkipListSet<IndexEntry> memory, List<RunFile> runs) {}

    private volatile Tables tables = new Tables(new ConcurrentSkipListSet<>(), List.of());
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

    /// The newest version of a block at or below a number; null when the block was never written by then.
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
        return best;
    }

    int memoryEntries() {
        return memoryEntries;
    }

    ConcurrentSkipListSet<IndexEntry> memory() {
        return tables.memory;
    }

    /// @return why one of the runs cannot be used; then it has none of them
    Optional<JournalFault> open(Disk disk, List<Manifest.Run> named) {
        var runs = new ArrayList<RunFile>();
        try {
            for (Manifest.Run run : named) {
                runs.add(RunFile.open(disk, run.number()));
            }
            tables = new Tables(tables.memory, List.copyOf(runs));
            return Optional.empty();
        } catch (FaultException e) {
            runs.forEach(RunFile::close);
            return Optional.of(JournalFault.in(e));
        }
    }

    /// The run holds everything in memory: swaps one for the other in one step.
    void replaceMemoryBy(RunFile run) {
        var runs = new ArrayList<RunFile>(tables.runs);
        runs.add(run);
        tables = new Tables(new ConcurrentSkipListSet<>(), List.copyOf(runs));
        memoryEntries = 0;
    }

    @Override
    public void close() {
        tables.runs.forEach(RunFile::close);
    }
}
