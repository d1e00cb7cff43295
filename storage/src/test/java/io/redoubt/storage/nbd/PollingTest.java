// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PollingTest {
    private static final long QUICK = 30_000;
    private static final long SLOW = 1_000_000;

    private final Polling polling = new Polling();

    @Test
    void it_looks_once_the_peer_was_quick_and_longer_while_it_is() {
        assertThat(polling.begin()).as("nothing is known of the peer").isFalse();
        polling.waited(QUICK);
        assertThat(looks()).isTrue();
        assertThat(polling.isOver(QUICK)).isTrue();
        for (int i = 0; i < 10; i++) {
            polling.waited(QUICK);
        }
        assertThat(polling.isOver(99_999)).isFalse();
        assertThat(polling.isOver(100_000)).as("there is an end").isTrue();
    }

    @Test
    void a_peer_that_thinks_for_long_is_not_looked_for_after_a_few_times() {
        for (int i = 0; i < 10; i++) {
            polling.waited(QUICK);
        }
        polling.waited(SLOW);
        assertThat(looks()).as("once is an accident").isTrue();
        for (int i = 0; i < 3; i++) {
            polling.waited(SLOW);
        }
        assertThat(polling.begin()).isFalse();
    }

    @Test
    void only_half_of_the_processors_are_looked_from_at_once() {
        int places = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
        List<Polling> looking = new ArrayList<>();
        try {
            for (int i = 0; i < places; i++) {
                var one = new Polling();
                one.waited(QUICK);
                assertThat(one.begin()).isTrue();
                looking.add(one);
            }
            polling.waited(QUICK);
            assertThat(polling.begin()).isFalse();
        } finally {
            looking.forEach(Polling::end);
        }
        assertThat(looks()).isTrue();
    }

    private boolean looks() {
        boolean begun = polling.begin();
        if (begun) {
            polling.end();
        }
        return begun;
    }
}
