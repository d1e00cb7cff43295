// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.compute;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One guest.
///
/// @param disks    volume ids, in the guest's order
/// @param copyOf   the machine that a test failover copied, or null
/// @param failover the test failover that made it, or null
/// @param wanted   what the owner wants: running, paused, stopped, deleted
/// @param state    what the node says: making, running, paused, stopped, failed
/// @param group    the protection group that it is in, or null
public record Machine(
        String id,
        String tenant,
        String name,
        String zone,
        String node,
        long memoryBytes,
        int vcpus,
        String template,
        String userData,
        Map<String, String> seeds,
        boolean nic,
        @Nullable String copyOf,
        @Nullable String failover,
        String wanted,
        String state,
        List<String> disks,
        long qemuPid,
        @Nullable String serialLog,
        @Nullable Instant guestReadyAt,
        @Nullable String reason,
        @Nullable String group) {}
