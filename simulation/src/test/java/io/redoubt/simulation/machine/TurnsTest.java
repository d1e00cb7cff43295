// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class TurnsTest {
    private final Object monitor = new Object();

    /// I35: another life of the same process may hold a monitor of the JDK's at any moment.
    @Test
    void a_monitor_held_by_a_stranger_changes_no_order() throws Exception {
        List<String> undisturbed = order(7);
        var held = new CountDownLatch(1);
        Thread stranger =
                Thread.ofPlatform()
                        .start(() -> {
                            synchronized (monitor) {
                                held.countDown();
                                sleep();
                            }
                        });
        held.await();
        assertThat(order(7)).isEqualTo(undisturbed);
        stranger.join();
        assertThat(order(8)).isNotEqualTo(undisturbed);
    }

    private List<String> order(long seed) {
        var turns = new Turns(new SplittableRandom(seed));
        List<String> order = new ArrayList<>();
        for (String name : List.of("a", "b", "c")) {
            turns.start(() -> {
                for (int i = 0; i < 10; i++) {
                    Turns.pass();
                    synchronized (monitor) {
                        order.add(name + i);
                    }
                }
            });
        }
        turns.run(1000, () -> {});
        return order;
    }

    @Test
    void threads_that_wait_for_each_other_are_told() {
        var turns = new Turns(new SplittableRandom(1));
        var one = new ReentrantLock();
        var other = new ReentrantLock();
        turns.start(() -> both(one, other));
        turns.start(() -> both(other, one));
        assertThatThrownBy(() -> turns.run(1000, () -> {}))
                .isInstanceOf(Violation.class)
                .hasMessageContaining("2 threads wait and none can go on");
    }

    private static void both(ReentrantLock first, ReentrantLock second) {
        first.lock();
        while (!second.isLocked()) {
            Turns.pass();
        }
        second.lock();
    }

    private static void sleep() {
        try {
            Thread.sleep(300);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
