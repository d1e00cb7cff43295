// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class AtOnceTest {
    private static final List<Integer> THINGS = IntStream.range(0, 20).boxed().toList();

    /// The one that is told does not depend on who was quicker.
    @Test
    void one_that_fails_is_told_once_all_others_were_tried_and_of_several_the_first_in_the_list() {
        Set<Integer> tried = new ConcurrentSkipListSet<>();
        var later = new CountDownLatch(1);
        assertThatThrownBy(() ->
                        AtOnce.each(
                                4,
                                THINGS,
                                thing -> {
                                    tried.add(thing);
                                    if (thing == 3) {
                                        await(later);
                                        throw new IllegalStateException("the third");
                                    }
                                    if (thing == 7) {
                                        later.countDown();
                                        throw new IllegalStateException("the seventh");
                                    }
                                }))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the third");
        assertThat(tried).containsExactlyElementsOf(THINGS);
    }

    @Test
    void so_many_are_worked_on_at_a_time_and_no_more() {
        var now = new AtomicInteger();
        var most = new AtomicInteger();
        var together = new CountDownLatch(4);
        AtOnce.each(
                4,
                THINGS,
                _ -> {
                    most.accumulateAndGet(now.incrementAndGet(), Math::max);
                    together.countDown();
                    await(together);
                    now.decrementAndGet();
                });
        assertThat(most).hasValue(4);
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
