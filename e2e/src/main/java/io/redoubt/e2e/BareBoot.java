// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// How long the recovered machine needs to boot when nothing else is to be done: the yardstick of every recovery.
///
/// Each boot is one of the recovered machine itself on its own disks, after a power-off, so that the file systems replay
/// their logs as they did in the recovery. It counts from the start of the QEMU process to the answer of the guest's agent.
///
/// @param seconds the median
/// @param work    what that boot cost
record BareBoot(double seconds, BootWork work) {
    private static final int BOOTS = 3;
    private static final Duration READY = Duration.ofSeconds(60);

    static BareBoot measure(DemoRegion region, Narrator tell, String machine) {
        List<BareBoot> boots = new ArrayList<>();
        String path = "/v1/machines/" + machine;
        for (int boot = 1; boot <= BOOTS; boot++) {
            region.make(path + "/stop", Map.of("mode", "power-off"));
            long asked = System.currentTimeMillis();
            double[] stolen = Processes.stolenSeconds();
            region.make(path + "/start", Map.of());
            JsonNode ready =
                    Waiting.until(
                            "boot %d of machine %s is ready".formatted(boot, machine),
                            READY,
                            () -> region.get(path),
                            json ->
                                    json.path("guestReadyAt").isString()
                                            && Point.millis(json.path("guestReadyAt")) > asked
                                            && json.path("qemuPid").asLong(0) > 0);
            long pid = ready.path("qemuPid").asLong();
            BootWork work = BootWork.of(pid, stolen);
            long millis = Point.millis(ready.path("guestReadyAt")) - Processes.startMillis(pid);
            boots.add(new BareBoot(millis / 1e3, work));
        }
        boots.sort(Comparator.comparingDouble(BareBoot::seconds));
        tell.say(
                "bare boots of the same disks: %s s"
                        .formatted(boots.stream().map(BareBoot::seconds).toList()));
        return boots.get(BOOTS / 2);
    }
}
