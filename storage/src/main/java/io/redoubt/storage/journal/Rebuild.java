// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntSupplier;

/// Makes the runs anew, when one of them cannot be used, from everything that the log and the kept segments still have.
///
/// What a sweep had left out comes back with it, which is true as well and goes with the next one; at or below the horizon the base counts.
/// A crash before the manifest leaves orphans, and the next start does it again.
///
/// @param entriesMax kept in memory at a time
record Rebuild(OnDisk here, GroupState state, int entriesMax) {

    /// @param knownDurable every record up to this one was durable once
    /// @return what it could not read
    List<JournalFault> run(IntSupplier numbers, long knownDurable) {
        var runs = new ArrayList<Manifest.Run>();
        var versions =
                new Replay(
                        here.segments(),
                        state,
                        entry -> {
                            here.index().put(entry);
                            if (here.index().memoryEntries() >= entriesMax) {
                                runs.add(memoryToRun(numbers.getAsInt()));
                            }
                        },
                        knownDurable);
        ManifestFile manifest = here.manifest();
        versions.versions(manifest.now(), _ -> {});
        if (here.index().memoryEntries() > 0) {
            runs.add(memoryToRun(numbers.getAsInt()));
        }
        here.disk().sync();
        // The points as well: none stands when a version was lost that it may need.
        Manifest.Checkpoint from = manifest.now().checkpoint();
        manifest.replace(
                manifest.now()
                        .withRuns(runs)
                        .withCheckpoint(
                                state.checkpoint(from.lsn(), from.segment(), from.position())));
        return versions.damage();
    }

    private Manifest.Run memoryToRun(int number) {
        RunFile run = RunFile.write(here.disk(), number, here.index().memory());
        here.index().replaceMemoryBy(run);
        return new Manifest.Run(run.number());
    }
}
