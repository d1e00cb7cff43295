// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

import io.redoubt.core.VolumeId;
import io.redoubt.storage.replication.HostedReceiver;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// What the newest point showed when it was new: a published point is complete at once and never changes (I4, I5). Kept while the
/// receiver ingests, a line for each volume, in a file that survives the process.
final class SeenLog {
    private static final Duration INTERVAL = Duration.ofMillis(250);

    /// @param crc of the whole volume at the point
    record Seen(long point, int volume, long crc) {}

    private SeenLog() {}

    /// Looks until the process ends.
    static void keep(Path file, List<VolumeId> volumes, HostedReceiver receiver) {
        Thread.ofPlatform()
                .daemon()
                .name("seen")
                .start(() -> {
                    try (var out = new FileOutputStream(file.toFile(), true)) {
                        long last = 0;
                        while (true) {
                            long newest =
                                    receiver.points().isEmpty()
                                            ? 0
                                            : receiver.points().getLast().number();
                            if (newest != last) {
                                out.write(look(newest, volumes, receiver));
                                last = newest;
                            }
                            Thread.sleep(INTERVAL);
                        }
                    } catch (IOException | InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                });
    }

    private static byte[] look(long point, List<VolumeId> volumes, HostedReceiver receiver) {
        var lines = new StringBuilder();
        for (int v = 0; v < volumes.size(); v++) {
            byte[] content = OverlapTest.content(receiver.view(point).volume(volumes.get(v)));
            lines.append("%d %d %d .\n".formatted(point, v, LoadLog.crc(content)));
        }
        return lines.toString().getBytes(StandardCharsets.UTF_8);
    }

    /// A line that a kill cut short is left out.
    static List<Seen> read(Path file) throws IOException {
        var seen = new ArrayList<Seen>();
        if (Files.exists(file)) {
            for (String line : Files.readAllLines(file)) {
                String[] words = line.split(" ", -1);
                if (words.length == 4) {
                    seen.add(
                            new Seen(
                                    Long.parseLong(words[0]),
                                    Integer.parseInt(words[1]),
                                    Long.parseLong(words[2])));
                }
            }
        }
        return seen;
    }
}
