// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.VolumeId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a manifest says about a history that goes on elsewhere, or came from there.
///
/// @param adopted bases that were somebody's volume before
/// @param commit  where another history goes on; null before there is one
record WayBack(List<Adopted> adopted, @Nullable Commit commit) {
    static final WayBack NONE = new WayBack(List.of(), null);

    /// A member whose base is a file that was a volume before.
    ///
    /// @param file    its name
    /// @param scanned the checksums of so many of its first blocks are known
    record Adopted(int slot, String file, long scanned) {}

    /// @param point     the last one that both histories share
    /// @param atMillis  when that was decided
    /// @param forgotten the branch above it is not kept any more
    record Commit(long point, Map<VolumeId, Long> vector, long atMillis, boolean forgotten) {
        Commit {
            vector = Map.copyOf(vector);
        }
    }

    /// Takes the place of what was said about the same member.
    WayBack with(Adopted changed) {
        var all = new ArrayList<Adopted>(adopted);
        all.removeIf(a -> a.slot == changed.slot);
        all.add(changed);
        return new WayBack(List.copyOf(all), commit);
    }

    WayBack with(Commit changed) {
        return new WayBack(adopted, changed);
    }
}
