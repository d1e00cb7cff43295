// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// How long the recovered machine needs to boot when nothing else is to be done: the yardstick of every recovery.
///
/// Each boot is one of the recovered machine itself on its own disks, after a power-off, so that the file systems replay
/// their logs as they did in the recovery. It counts from the start of the QEMU process to the answer of the guest's agent.
final class BareBoot {
    private static final int BOOTS = 3;
    private static final Duration READY = Duration.ofSeconds(60);

    private BareBoot() {}

    /// @return the median, in seconds
    static double measure(DemoRegion region, Narrator tell, String machine) {
        List<Double> seconds = new ArrayList<>();
        String path = "/v1/machines/" + machine;
        for (int boot = 1; boot <= BOOTS; boot++) {
            region.make(path + "/stop", Map.of("mode", "power-off"));
            long asked = System.currentTimeMillis();
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
            long started = Processes.startMillis(ready.path("qemuPid").asLong());
            seconds.add((Point.millis(ready.path("guestReadyAt")) - started) / 1e3);
        }
        Collections.sort(seconds);
        tell.say("bare boots of the same disks: %s s".formatted(seconds));
        return seconds.get(BOOTS / 2);
    }
}
