// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.VolumeId;
import java.util.List;

/// A version of a block whose bytes are not what was written: reading it is a fault.
///
/// @param block  its number in the volume
/// @param vseq   the number of the write that made it; the horizon for a block of the base
/// @param points the numbers of the kept points that show it
public record DamagedVersion(VolumeId volume, long block, long vseq, List<Long> points) {
    public DamagedVersion {
        points = List.copyOf(points);
    }
}
