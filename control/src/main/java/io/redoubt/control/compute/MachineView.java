// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.compute;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A machine as the API shows it.
public record MachineView(
        String id,
        String name,
        String zone,
        String node,
        String state,
        String wanted,
        long memoryBytes,
        int vcpus,
        String template,
        boolean nic,
        @Nullable String copyOf,
        @Nullable String failover,
        List<DiskView> disks,
        @Nullable Long qemuPid,
        @Nullable String serialLog,
        @Nullable Instant guestReadyAt,
        @Nullable String reason,
        @Nullable String group) {

    public record DiskView(String volume, String name, long attachment) {}
}
