// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.protocol.Report;
import io.redoubt.protocol.VolumeReport;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class UsageTest {
    private static final long MILLIS = 1_000_000;

    private final AtomicLong now = new AtomicLong(77);
    private final Usage usage = new Usage(now::get);

    private void report(String node, String volume, long operations, long bytes) {
        usage.report(
                node,
                Report.newBuilder()
                        .addVolumes(
                                VolumeReport.newBuilder()
                                        .setVolume(volume)
                                        .setOperations(operations)
                                        .setBytes(bytes))
                        .build());
    }

    @Test
    void the_mean_over_the_window_follows_the_counters_however_often_they_are_reported() {
        for (int step = 0; step <= 600; step++) { // 50 operations each second, told every 20 ms
            report("n", "v", step, step * 4096L);
            now.addAndGet(20 * MILLIS);
        }
        assertThat(usage.of("n", "v")).contains(new Usage.Used(50, 204_800));
        for (int step = 0; step < 600; step++) { // then nothing: the window forgets the load
            report("n", "v", 600, 600 * 4096L);
            now.addAndGet(20 * MILLIS);
        }
        assertThat(usage.of("n", "v")).contains(new Usage.Used(0, 0));
    }

    @Test
    void a_node_that_counts_anew_shows_no_negative_rate() {
        report("n", "v", 1000, 1000);
        now.addAndGet(1000 * MILLIS);
        report("n", "v", 2000, 1000);
        now.addAndGet(1000 * MILLIS);
        report("n", "v", 5, 1000);
        assertThat(usage.of("n", "v")).isEmpty();
        now.addAndGet(1000 * MILLIS);
        report("n", "v", 25, 1000);
        assertThat(usage.of("n", "v")).contains(new Usage.Used(20, 0));
    }

    @Test
    void two_reports_at_once_say_nothing_yet_and_old_ones_nothing_any_more() {
        report("n", "v", 0, 0);
        report("n", "v", 10, 0);
        now.addAndGet(MILLIS);
        report("n", "v", 20, 0);
        assertThat(usage.of("n", "v")).isEmpty();
        now.addAndGet(1000 * MILLIS);
        report("n", "v", 100, 0);
        assertThat(usage.of("n", "v")).isPresent();
        now.addAndGet(11_000 * MILLIS);
        assertThat(usage.of("n", "v")).isEmpty();
    }

    @Test
    void a_sum_is_known_when_all_its_parts_are_and_a_volume_that_is_gone_is_forgotten() {
        for (int second = 0; second < 3; second++) {
            usage.report(
                    "n",
                    Report.newBuilder()
                            .addVolumes(
                                    VolumeReport.newBuilder()
                                            .setVolume("v")
                                            .setOperations(10L * second))
                            .addVolumes(
                                    VolumeReport.newBuilder()
                                            .setVolume("w")
                                            .setOperations(5L * second))
                            .build());
            now.addAndGet(1000 * MILLIS);
        }
        assertThat(usage.of("n", List.of("v", "w"))).contains(new Usage.Used(15, 0));
        assertThat(usage.of("n", List.of("v", "x"))).isEmpty();
        assertThat(usage.of("n", List.of())).contains(new Usage.Used(0, 0));
        report("n", "v", 30, 0);
        assertThat(usage.of("n", "w")).isEmpty();
    }
}
