// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RateTest {
    /// The rows A58 to A62, A65, A66 and X1, in numbers.
    @ParameterizedTest
    @CsvSource({
        "500, 1024, 500",
        "1500, 1024, 1500",
        "3000, 1024, 3000",
        "7500, 1024, 7500",
        "15000, 1024, 15000",
        "1500, 2048, 3000",
        "1500, 512, 750",
        "1500, 500, 732",
        "15000, 10240, 150000",
        "500, 1, 1",
        "15000, 4194304, 61440000"
    })
    void the_cap_is_the_rate_of_the_class_times_the_size_rounded_down(
            long rate, long gigabytes, long cap) {
        assertThat(new IopsPerTerabyte(rate).over(Bytes.gibibytes(gigabytes)))
                .isEqualTo(Rate.iops(cap));
    }

    @Test
    void a_ceiling_holds_for_operations_and_bytes_apart_and_zero_is_none() {
        var ultra = Rate.iops(150_000);
        assertThat(ultra.within(new Rate(30_000, 1L << 30))).isEqualTo(new Rate(30_000, 1L << 30));
        assertThat(Rate.iops(750).within(new Rate(30_000, 512 << 20)))
                .isEqualTo(new Rate(750, 512 << 20));
        assertThat(ultra.within(Rate.UNLIMITED)).isEqualTo(ultra);
        assertThat(Rate.UNLIMITED.within(ultra)).isEqualTo(ultra);
        assertThat(Rate.UNLIMITED.isUnlimited()).isTrue();
    }

    @Test
    void what_is_no_rate_is_refused_with_the_bounds() {
        assertThatThrownBy(() -> new Rate(-1, 0)).hasMessageContaining("got -1 and 0");
        assertThatThrownBy(() -> new Rate(0, 1L << 51)).hasMessageContaining("1125899906842624");
        assertThatThrownBy(() -> new IopsPerTerabyte(0)).hasMessageContaining("at least 1");
    }
}
