// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.snapshot;

import io.redoubt.core.VolumeId;
import io.redoubt.storage.block.ChangeMap;
import java.util.function.Supplier;

/// The change map from a snapshot to now. It keeps nothing: each range costs a look into the index for each of its grains, so a map of a large volume
/// is asked for piece by piece without copying the index each time.
///
/// @param table the present one
record WrittenSince(
        VolumeId volume, Snapshot since, int grain, GrainIndex index, Supplier<SnapshotTable> table)
        implements ChangeMap {

    @Override
    public void changes(long offset, long length, Sink sink) {
        long end = offset + length;
        boolean more = true;
        for (long at = offset; at < end && more; ) {
            boolean changed = isChanged(at, end);
            long until = endOfGrain(at, end);
            while (until < end && isChanged(until, end) == changed) {
                until = endOfGrain(until, end);
            }
            // Once it is not kept its grains are freed, and look unchanged.
            Snapshot _ = table.get().requireKept(volume, since.number());
            more = sink.run(until - at, changed);
            at = until;
        }
    }

    private boolean isChanged(long offset, long end) {
        return endOfGrain(offset, end) > since.size() // it has grown since
                || index.isChanged(offset / grain, since.number(), Long.MAX_VALUE);
    }

    private long endOfGrain(long offset, long end) {
        return Math.min(end, (offset / grain + 1) * grain);
    }
}
