// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.replication;

import io.redoubt.core.VolumeId;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// What a simulated group consists of.
///
/// @param homes the source of each volume, counted from 0
record GroupSetup(UUID lineage, List<VolumeId> volumes, List<Integer> homes, int volumeBytes) {
    private static final UUID LINEAGE = new UUID(0x5EED, 1);

    /// Two volumes of one source.
    static final GroupSetup SMALL = of(0, 0);

    /// Four volumes of three sources.
    static final GroupSetup SPREAD = of(0, 1, 2, 2);

    private static GroupSetup of(Integer... homes) {
        List<VolumeId> names =
                IntStream.range(0, homes.length)
                        .mapToObj(i -> new VolumeId("vol-" + (i + 1)))
                        .toList();
        return new GroupSetup(LINEAGE, names, Arrays.asList(homes), 96 << 10);
    }

    int sources() {
        return 1 + homes.stream().mapToInt(h -> h).max().orElse(0);
    }

    static String sourceName(int source) {
        return "node-" + source;
    }

    Set<String> peersOf(int source) {
        return IntStream.range(0, sources())
                .filter(s -> s != source)
                .mapToObj(GroupSetup::sourceName)
                .collect(Collectors.toSet());
    }

    List<VolumeId> volumesOf(int source) {
        return IntStream.range(0, volumes.size())
                .filter(v -> homes.get(v) == source)
                .mapToObj(volumes::get)
                .toList();
    }
}
