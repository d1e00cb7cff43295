// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/// Rule 22: compressed while it pays, and only then.
class PackingTest {
    private static final long SECOND = Packing.WINDOW_NANOS;
    private static final int MIB = 1 << 20;

    private long now = 5;
    private final Packing packing = new Packing(now);

    private boolean second(int bytes, int waitingPercent) {
        now += SECOND;
        packing.sent(bytes, SECOND * waitingPercent / 100, now);
        return packing.packs();
    }

    @Test
    void a_link_that_nobody_waits_for_is_left_alone() {
        for (int i = 0; i < 100; i++) {
            assertThat(second(500 * MIB, 40)).isFalse();
        }
    }

    @Test
    void behind_a_slow_link_it_goes_on_as_long_as_more_comes_through() {
        assertThat(second(20 * MIB, 95)).isTrue();
        assertThat(second(45 * MIB, 95)).isTrue();
        assertThat(second(44 * MIB, 90)).as("once it has paid").isTrue();
        assertThat(second(21 * MIB, 90)).as("until the next look").isTrue();
    }

    @Test
    void what_brings_less_than_a_tenth_is_given_up_for_half_a_minute() {
        assertThat(second(20 * MIB, 95)).isTrue();
        assertThat(second(21 * MIB, 95)).isFalse();
        int plain = 0;
        while (!second(20 * MIB, 95)) {
            plain++;
        }
        assertThat(plain).isEqualTo(Packing.AGAIN_NANOS / SECOND - 1);
    }

    @Test
    void it_ends_with_the_waiting_and_is_looked_at_again_by_and_by() {
        assertThat(second(20 * MIB, 95)).isTrue();
        assertThat(second(60 * MIB, 60)).isTrue();
        assertThat(second(MIB, 1)).isFalse();
        assertThat(second(20 * MIB, 95)).as("at once, it has paid before").isTrue();
        int packed = 1;
        while (second(60 * MIB, 95)) {
            packed++;
        }
        assertThat(packed).isEqualTo(Packing.AGAIN_NANOS / SECOND);
    }

    /// A limit that the sender keeps is a wait like any other.
    @Test
    void a_limit_is_waited_for_too() {
        now += SECOND;
        packing.waited(SECOND * 9 / 10);
        packing.sent(10 * MIB, SECOND / 20, now);
        assertThat(packing.packs()).isTrue();
    }
}
