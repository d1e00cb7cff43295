// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.Rate;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A minute for each cap, depth and number of connections, as the requirements A5 and A58 to A67 have it.
@Tag("long")
@Timeout(400)
class LimitedServerLongTest {
    private static final long MINUTE = 60_000;
    private static final long WARM_MILLIS = 10_000;
    private static final long MEASURED_MILLIS = 30_000;
    private static final double CORE_MAX = 0.10;

    @TempDir Path root;

    /// The slow ones hardly need a processor, so they run side by side.
    @Test
    void slow_datastores_keep_their_promise_for_a_minute() throws Exception {
        var cells = new ArrayList<Callable<LimitVerdict>>();
        for (long cap : new long[] {100, 750, 1500}) {
            for (int depth : new int[] {1, 32}) {
                for (int connections : new int[] {1, 4}) {
                    Path home =
                            Files.createDirectory(
                                    root.resolve(cap + "-" + depth + "-" + connections));
                    cells.add(() -> minute(home, cap, connections, depth));
                }
            }
        }
        try (ExecutorService pool = Executors.newFixedThreadPool(cells.size())) {
            for (Future<LimitVerdict> cell : pool.invokeAll(cells)) {
                assertThat(cell.get()).matches(LimitVerdict::kept);
            }
        }
    }

    /// One request at a time over one connection cannot do 30000: a round trip takes longer than 33 µs here.
    @ParameterizedTest
    @CsvSource({
        "15000, 1, 1",
        "15000, 4, 1",
        "15000, 1, 32",
        "15000, 4, 32",
        "30000, 4, 1",
        "30000, 1, 32",
        "30000, 4, 32"
    })
    void a_fast_datastore_keeps_its_promise_for_a_minute(long cap, int connections, int depth)
            throws Exception {
        assertThat(minute(root, cap, connections, depth)).matches(LimitVerdict::kept);
    }

    @ParameterizedTest
    @CsvSource({"750, 100, 100, 0.5", "15000, 100, 100, 0.5", "1500, 300, 100, 0.75"})
    void two_volumes_of_one_datastore_share_for_a_minute(long cap, int one, int other, double part)
            throws Exception {
        try (var load = new LimitedLoad(root, Rate.iops(cap))) {
            load.volume(true, one, 1, one == other ? 1 : 32);
            load.volume(true, other, 4, 32);
            List<long[]> moments = load.runFor(MINUTE);
            long[] all = LimitedLoad.together(moments);
            LimitVerdict verdict = LimitVerdict.of(cap, 5, all, load.stolenNanos());
            double found = (double) moments.getFirst().length / all.length;
            System.out.println(verdict + ", the first volume has " + found);
            assertThat(verdict).matches(LimitVerdict::kept);
            assertThat(found).isBetween(part * 0.97, part * 1.03);
        }
    }

    @Test
    void fifteen_thousand_cost_at_most_a_tenth_of_a_core() throws Exception {
        try (var load = new LimitedLoad(root, Rate.iops(15_000))) {
            load.volume(true, 100, 1, 32);
            var used = new long[2];
            Thread measuring = Thread.ofPlatform().daemon().start(() -> measure(used));
            load.runFor(WARM_MILLIS + MEASURED_MILLIS + 1000);
            measuring.join();
            double part = (used[1] - used[0]) / (MEASURED_MILLIS * 1e6);
            System.out.printf("15000 IOPS take %.1f %% of a core%n", part * 100);
            assertThat(part).isLessThanOrEqualTo(CORE_MAX);
        }
    }

    private static void measure(long[] used) {
        try {
            Thread.sleep(WARM_MILLIS); // compiled by then
            used[0] = LimitedLoad.serverNanos();
            Thread.sleep(MEASURED_MILLIS);
            used[1] = LimitedLoad.serverNanos();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private static LimitVerdict minute(Path home, long cap, int connections, int depth)
            throws Exception {
        try (var load = new LimitedLoad(home, Rate.iops(cap))) {
            load.volume(true, 100, connections, depth);
            long[] moments = load.runFor(MINUTE).getFirst();
            var verdict = LimitVerdict.of(cap, connections, moments, load.stolenNanos());
            System.out.println(depth + " deep: " + verdict);
            return verdict;
        }
    }
}
