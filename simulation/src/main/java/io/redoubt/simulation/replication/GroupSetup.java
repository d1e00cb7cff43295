// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.replication;

import io.redoubt.core.VolumeId;
import java.util.List;
import java.util.UUID;

/// What a simulated group consists of.
record GroupSetup(UUID lineage, List<VolumeId> volumes, int volumeBytes) {
    static final GroupSetup SMALL =
            new GroupSetup(
                    new UUID(0x5EED, 1),
                    List.of(new VolumeId("first"), new VolumeId("second")),
                    96 << 10);
}
