// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.control.storage.Volume;
import io.redoubt.control.storage.Volumes;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Where the volumes lie that a failover left behind. A journal has one node, and adopts what lies there.
///
/// @param journal   the node with the most bytes of them, so that the fewest travel
/// @param elsewhere old volumes on the other nodes; they stay there
record OldSide(String journal, List<String> elsewhere) {
    static OldSide of(Failover failover, Volumes volumes) {
        List<Volume> old =
                failover.disks().stream()
                        .map(disk -> volumes.find(disk.volume()).orElseThrow())
                        .toList();
        Map<String, Long> bytes = new TreeMap<>();
        old.forEach(volume -> bytes.merge(volume.node(), volume.sizeBytes(), Long::sum));
        String journal =
                bytes.entrySet().stream()
                        .max(
                                Map.Entry.<String, Long>comparingByValue()
                                        .thenComparing(
                                                Map.Entry.comparingByKey(
                                                        Comparator.reverseOrder())))
                        .orElseThrow()
                        .getKey();
        return new OldSide(
                journal,
                old.stream()
                        .filter(volume -> !volume.node().equals(journal))
                        .map(Volume::id)
                        .toList());
    }
}
