// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.fault.FaultException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ReportTest {
    private static final Profile RANDREAD = Profile.ALL.getFirst(); // floors 1.15 and 1.6
    private final Results results = new Results();

    @Test
    void a_ratio_is_the_median_of_the_ratios_within_the_rounds() {
        round(100, 50, 10);
        round(10, 10, 5); // the host was slow for all of them
        round(90, 30, 9);
        assertThat(results.ratio(RANDREAD, "redoubt", "nbdkit", Cell::iops)).isEqualTo(2);
        assertThat(results.ratio(RANDREAD, "redoubt", "qemu-nbd", Cell::iops)).isEqualTo(10);
        assertThat(results.median(RANDREAD, "redoubt", Cell::iops)).isEqualTo(90);
        assertThat(Results.median(new double[] {4, 1, 3, 2})).isEqualTo(2.5);
    }

    @Test
    void a_row_says_when_a_floor_is_missed() {
        round(120, 100, 60);
        assertThat(report(true).row(RANDREAD))
                .startsWith("| randread-q1 | 120 | 1.20 | 2.00 |")
                .contains("1.15 / 1.60")
                .doesNotContain("below");
        round(110, 100, 60);
        round(110, 100, 60);
        assertThat(report(true).row(RANDREAD)).endsWith("**below** |");
        assertThat(report(false).row(RANDREAD)).doesNotContain("below");
        assertThat(report(true).markdown()).contains("**kernel** Linux");
        assertThat(report(true).json()).contains("\"iopsToNbdkit\" : 1.1", "\"below\" : true");
    }

    /// As fio 3.33 prints it, with the line of its nbd engine before it.
    @Test
    void what_fio_says_is_read_with_the_slowest_of_reads_writes_and_flushes() {
        String said =
                """
                nbd: connected
                {"jobs": [{"error": 0,
                  "read": {"iops": 700.5, "total_ios": 1401, "clat_ns": {"percentile": {"50.000000": 9000, "99.000000": 30000}}},
                  "write": {"iops": 300.5, "total_ios": 601, "clat_ns": {"percentile": {"50.000000": 8000, "99.000000": 50000}}},
                  "sync": {"total_ios": 0, "lat_ns": {"percentile": {"99.000000": 70000}}}}]}
                """;
        assertThat(Fio.parse(List.of("fio"), said))
                .isEqualTo(new Fio.Result(1001, 2002, 9000, 70000));
        assertThatThrownBy(() -> Fio.parse(List.of("fio"), "no such engine"))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("no such engine");
    }

    private void round(double ours, double nbdkit, double qemu) {
        results.add(RANDREAD, "redoubt", new Cell(ours, 1000, 1));
        results.add(RANDREAD, "nbdkit", new Cell(nbdkit, 1000, 1));
        results.add(RANDREAD, "qemu-nbd", new Cell(qemu, 1000, 1));
    }

    private Report report(boolean plain) {
        return new Report(results, List.of(RANDREAD), Map.of("kernel", "Linux"), plain);
    }
}
