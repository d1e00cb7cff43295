// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.hypervisor;

import io.redoubt.core.Bytes;
import io.redoubt.core.MachineId;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// A machine to start.
///
/// @param disks  the first one is booted from
/// @param seeds  files for the guest, by their fw_cfg name such as `opt/redoubt/user-data`
/// @param paused whether it waits, before its first instruction, for [Machine#resume()]
public record MachineSpec(
        MachineId id,
        Bytes memory,
        int processors,
        List<DiskSpec> disks,
        Map<String, String> seeds,
        Nic nic,
        boolean paused) {
    private static final Pattern SEED_NAME = Pattern.compile("opt/[a-z0-9][a-z0-9./-]{0,50}");
    private static final long MEMORY_MIN = 64L << 20;

    public MachineSpec {
        disks = List.copyOf(disks);
        seeds = Map.copyOf(seeds);
        if (disks.isEmpty()) {
            throw new IllegalArgumentException("machine " + id + " has no disk to boot from");
        }
        if (disks.stream().map(DiskSpec::name).distinct().count() < disks.size()) {
            throw new IllegalArgumentException("two disks of machine " + id + " have one name");
        }
        if (processors < 1 || memory.value() < MEMORY_MIN) {
            throw new IllegalArgumentException(
                    "machine %s has %d processors and %s; it needs at least 1 and %s"
                            .formatted(id, processors, memory, new Bytes(MEMORY_MIN)));
        }
        for (String name : seeds.keySet()) {
            if (!SEED_NAME.matcher(name).matches()) {
                throw new IllegalArgumentException(
                        "seed '"
                                + name
                                + "' is not usable: write opt/ and up to 51 of a-z 0-9 . / -");
            }
        }
    }
}
