// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.volume;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.simulation.machine.SyncLedger;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The promises of a volume with all of its layers, over a disk that loses what was not synced, see [VolumeWorld].
///
/// `-Dseed=N` runs one seed alone.
class VolumeWorldTest {
    /// Held, because a logger that nobody holds forgets its level.
    private static final Logger STORAGE = Logger.getLogger("io.redoubt.storage");

    static {
        STORAGE.setLevel(Level.OFF);
    }

    private static final int SEEDS = 400;
    private static final int MANY_SEEDS = 20_000;
    private static final long CPU_NANOS_MEAN_MAX = 100_000_000L;

    @Test
    void four_hundred_seeds_keep_every_promise() {
        String one = System.getProperty("seed");
        if (one != null) {
            for (String seed : one.split(",")) {
                new VolumeWorld(Long.parseLong(seed), new SyncLedger(), System.out::println).run();
            }
            return;
        }
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadCpuTime();
        Map<Moment, Integer> met = run(SEEDS);
        long mean = (threads.getCurrentThreadCpuTime() - before) / SEEDS;
        System.out.printf("a seed costs %.1f ms of CPU; met: %s%n", mean / 1e6, met);
        // A schedule that never meets something proves nothing about it.
        assertThat(met).containsOnlyKeys(Moment.values());
        assertThat(met.values()).allMatch(count -> count >= 5);
        assertThat(mean).as("mean CPU nanoseconds of a seed").isLessThan(CPU_NANOS_MEAN_MAX);
    }

    @Test
    @Tag("long")
    void twenty_thousand_seeds_keep_every_promise() {
        System.out.printf("met: %s%n", run(MANY_SEEDS));
    }

    private static Map<Moment, Integer> run(int seeds) {
        List<String> failures = new ArrayList<>();
        var met = new EnumMap<Moment, Integer>(Moment.class);
        for (long seed = 1; seed <= seeds; seed++) {
            var world = new VolumeWorld(seed, new SyncLedger());
            try {
                world.run();
            } catch (RuntimeException e) {
                failures.add(
                        "seed %d: %s%n  replay: ./redoubt sim --world volume --seed %d"
                                .formatted(seed, e.getMessage(), seed));
                keepStory(seed);
            }
            world.moments().forEach((moment, count) -> met.merge(moment, count, Integer::sum));
        }
        assertThat(failures).as("failing seeds").isEmpty();
        return met;
    }

    /// What happened, line by line, in `target/volume-world`.
    private static void keepStory(long seed) {
        List<String> story = new ArrayList<>();
        try {
            new VolumeWorld(seed, new SyncLedger(), story::add).run();
        } catch (RuntimeException e) {
            var trace = new StringWriter();
            e.printStackTrace(new PrintWriter(trace));
            story.add(trace.toString());
        }
        try {
            Path directory = Files.createDirectories(Path.of("target", "volume-world"));
            Files.write(directory.resolve("seed-" + seed + ".txt"), story);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void the_same_seed_gives_the_same_trace_twice() {
        for (long seed = 1; seed <= 40; seed++) {
            long first = new VolumeWorld(seed, new SyncLedger()).run();
            assertThat(new VolumeWorld(seed, new SyncLedger()).run())
                    .as("trace of seed %d", seed)
                    .isEqualTo(first);
        }
    }

    @Test
    void different_seeds_live_different_lives() {
        assertThat(new VolumeWorld(1, new SyncLedger()).run())
                .isNotEqualTo(new VolumeWorld(2, new SyncLedger()).run());
    }
}
