// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.launcher;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// What the launcher asks of a region's control plane. Each call may throw a fault of `cli.api`.
interface ControlPlane {

    /// What a node needs to join.
    record Invitation(String grpcAddress, String caFile, String token) {}

    /// Makes the zone unless it is there.
    void ensureZone(String zone);

    Invitation invite(String zone);

    /// The state of each node that ever joined, by the process id that it told last.
    Map<Long, String> nodeStates();

    /// Where datastores get their room.
    default List<RegionStatus.PoolStatus> pools() {
        return List.of();
    }

    /// Asks all guests to shut down, and waits for them no longer than this.
    void stopMachines(Duration limit, Consumer<String> progress);
}
