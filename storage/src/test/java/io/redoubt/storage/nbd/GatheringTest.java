// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class GatheringTest {
    private static final int SMALL = 28;
    private static final int LARGE = 64 << 10;

    private final Gathering gathering = new Gathering();

    @Test
    void requests_gather_while_the_peer_has_answers_to_take() {
        assertThat(gathering.isPausing()).isFalse();
        gathering.found(SMALL, true);
        assertThat(gathering.isPausing()).isTrue();
        gathering.found(SMALL, true);
        assertThat(gathering.isPausing()).isTrue();
        gathering.found(SMALL, false);
        assertThat(gathering.isPausing()).isFalse();
    }

    /// And are no sign of a peer that waits: it is asked about as often as before.
    @Test
    void large_bursts_do_not_wait_for_more() {
        gathering.found(SMALL, true);
        gathering.found(LARGE, true);
        assertThat(gathering.isPausing()).isFalse();
        assertThat(asked(160)).isEqualTo(10);
    }

    @Test
    void a_peer_that_is_not_busy_is_asked_about_seldom_and_a_busy_one_always() {
        assertThat(asked(160)).isEqualTo(10);
        gathering.found(SMALL, true);
        assertThat(gathering.asks()).isTrue();
        assertThat(gathering.asks()).isTrue();
    }

    /// With two to eight requests under way a peer has answers to take for a moment only.
    @Test
    void a_peer_for_which_pauses_are_too_long_is_asked_about_ever_more_seldom() {
        assertThat(asked(10 * 1024)).isEqualTo(640);
        pauseOnceTooLong();
        assertThat(asked(10 * 1024)).isEqualTo(320);
        for (int i = 0; i < 20; i++) {
            pauseOnceTooLong();
        }
        assertThat(asked(10 * 1024)).isEqualTo(10);
    }

    @Test
    void a_long_row_of_good_pauses_makes_it_asked_about_often_again_and_a_short_one_does_not() {
        for (int i = 0; i < 20; i++) {
            pauseOnceTooLong();
        }
        good(63);
        gathering.found(SMALL, false);
        assertThat(asked(10 * 1024)).isEqualTo(10);
        good(64);
        gathering.found(SMALL, false);
        assertThat(asked(10 * 1024)).as("halved by the last one only").isEqualTo(320);
    }

    private void good(int pauses) {
        gathering.found(SMALL, true);
        for (int i = 0; i < pauses; i++) {
            gathering.found(SMALL, true);
        }
    }

    private void pauseOnceTooLong() {
        gathering.found(SMALL, true);
        gathering.found(SMALL, false);
    }

    private int asked(int bursts) {
        int asked = 0;
        for (int i = 0; i < bursts; i++) {
            asked += gathering.asks() ? 1 : 0;
        }
        return asked;
    }
}
