// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TrendTest {
    private final Trend trend = new Trend();

    @Test
    void nothing_is_known_before_three_seconds_have_passed() {
        trend.look(0, 100);
        trend.look(2_999, 50);
        assertThat(trend.millisUntilNone()).isEmpty();
        trend.look(3_000, 40);
        assertThat(trend.millisUntilNone()).hasValue(2_000);
    }

    @Test
    void what_falls_has_an_end_and_is_never_full() {
        for (int second = 0; second <= 10; second++) {
            trend.look(second * 1000L, 1000 - 50L * second);
        }
        assertThat(trend.millisUntilNone()).hasValue(10_000);
        assertThat(trend.millisUntil(5_000)).isEmpty();
    }

    @Test
    void what_grows_is_full_one_day_and_never_done() {
        for (int second = 0; second <= 10; second++) {
            trend.look(second * 1000L, 200L * second);
        }
        assertThat(trend.millisUntil(3_000)).hasValue(5_000);
        assertThat(trend.millisUntil(1_999)).hasValue(0);
        assertThat(trend.millisUntilNone()).isEmpty();
    }

    @Test
    void what_rests_has_no_forecast_and_nothing_is_done_at_once() {
        trend.look(0, 70);
        trend.look(10_000, 70);
        assertThat(trend.millisUntilNone()).isEmpty();
        assertThat(trend.millisUntil(71)).isEmpty();
        trend.look(11_000, 0);
        assertThat(trend.millisUntilNone()).hasValue(0);
    }

    /// A minute ago it fell fast; what counts is the last minute alone.
    @Test
    void only_the_last_minute_counts() {
        trend.look(0, 1_000_000);
        for (int second = 1; second <= 70; second++) {
            trend.look(second * 1000L, 10_000 - 10L * second);
        }
        assertThat(trend.millisUntilNone()).hasValue(930_000);
    }

    @Test
    void a_clock_that_is_set_back_begins_anew() {
        trend.look(50_000, 1000);
        trend.look(55_000, 500);
        trend.look(1_000, 400);
        assertThat(trend.millisUntilNone()).isEmpty();
        trend.look(5_000, 200);
        assertThat(trend.millisUntilNone()).hasValue(4_000);
    }
}
