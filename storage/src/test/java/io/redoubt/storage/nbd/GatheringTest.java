// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class GatheringTest {
    private static final int SMALL = 28;
    private static final int LARGE = 64 << 10;

    private final Gathering gathering = new Gathering();

    @Test
    void it_grows_while_the_peer_has_answers_to_take_up_to_an_end() {
        gathering.found(SMALL, true);
        assertThat(gathering.nanos()).isEqualTo(5_000);
        gathering.found(SMALL, true);
        assertThat(gathering.nanos()).isBetween(5_001L, 6_000L);
        grow();
        assertThat(gathering.nanos()).isEqualTo(50_000);
    }

    @Test
    void it_halves_when_the_peer_waits_for_us_and_ends() {
        grow();
        gathering.found(SMALL, false);
        assertThat(gathering.nanos()).isEqualTo(25_000);
        gathering.found(SMALL, false);
        gathering.found(SMALL, false);
        assertThat(gathering.isPausing()).isTrue();
        gathering.found(SMALL, false);
        assertThat(gathering.isPausing()).isFalse();
    }

    @Test
    void large_bursts_do_not_wait_for_more() {
        grow();
        gathering.found(LARGE, true);
        assertThat(gathering.nanos()).isEqualTo(25_000);
    }

    @Test
    void a_peer_that_is_not_busy_is_asked_about_seldom_and_a_busy_one_always() {
        assertThat(asked(160)).isEqualTo(10);
        gathering.found(SMALL, true);
        assertThat(gathering.asks()).isTrue();
        assertThat(gathering.asks()).isTrue();
    }

    /// With two or four requests under way a peer has answers to take for a moment only.
    @Test
    void a_peer_for_which_no_pause_pays_is_asked_about_ever_more_seldom_until_one_pays() {
        for (int i = 0; i < 20; i++) {
            gathering.found(SMALL, true);
            gathering.found(SMALL, false);
        }
        assertThat(asked(10 * 1024)).isEqualTo(10);
        gathering.found(SMALL, true);
        gathering.found(SMALL, true);
        gathering.found(SMALL, false);
        assertThat(gathering.isPausing()).isFalse();
        assertThat(asked(10 * 1024)).as("halved by the last one only").isEqualTo(10 * 1024 / 32);
    }

    private int asked(int bursts) {
        int asked = 0;
        for (int i = 0; i < bursts; i++) {
            asked += gathering.asks() ? 1 : 0;
        }
        return asked;
    }

    private void grow() {
        for (int i = 0; i < 100; i++) {
            gathering.found(SMALL, true);
        }
    }
}
