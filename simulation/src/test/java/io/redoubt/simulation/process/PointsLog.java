// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/// What one side says is the newest published point, every 50 ms: a line each, in a file that survives the process.
final class PointsLog {
    private static final Duration INTERVAL = Duration.ofMillis(50);

    /// @param wallMillis  when it was said
    /// @param number      of the newest published point, 0 for none known
    /// @param stampMillis of that point
    record Sample(long wallMillis, long number, long stampMillis) {
        long ageMillis() {
            return wallMillis - stampMillis;
        }

        private String line() {
            return wallMillis + " " + number + " " + stampMillis + "\n";
        }
    }

    private PointsLog() {}

    /// Samples until the process ends.
    static void keep(Path file, Supplier<Sample> now) {
        Thread.ofPlatform()
                .daemon()
                .name("points")
                .start(() -> {
                    try (var out = new FileOutputStream(file.toFile(), true)) {
                        while (true) {
                            out.write(now.get().line().getBytes(StandardCharsets.UTF_8));
                            Thread.sleep(INTERVAL);
                        }
                    } catch (IOException | InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                });
    }

    /// A line that a kill cut short is left out.
    static List<Sample> read(Path file) throws IOException {
        var samples = new ArrayList<Sample>();
        if (Files.exists(file)) {
            for (String line : Files.readAllLines(file)) {
                String[] words = line.split(" ", -1);
                if (words.length == 3) {
                    samples.add(
                            new Sample(
                                    Long.parseLong(words[0]),
                                    Long.parseLong(words[1]),
                                    Long.parseLong(words[2])));
                }
            }
        }
        return samples;
    }

    static Optional<Sample> newest(Path file) throws IOException {
        List<Sample> samples = read(file);
        return samples.isEmpty() ? Optional.empty() : Optional.of(samples.getLast());
    }
}
