// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.machines;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.protocol.MachineState;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class StateWatchTest {
    private final BlockingQueue<MachineState> answers = new LinkedBlockingQueue<>();
    private final AtomicInteger questions = new AtomicInteger();
    private final StateWatch watch =
            new StateWatch(() -> {
                questions.incrementAndGet();
                try {
                    return answers.take();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });

    @Test
    void a_qemu_that_hangs_delays_nobody_and_its_last_state_stands() {
        answers.add(MachineState.MACHINE_RUNNING);
        watch.ask();
        assertThat(watch.seen(in(5_000))).isEqualTo(MachineState.MACHINE_RUNNING);
        long began = System.nanoTime();
        for (int report = 0; report < 10; report++) {
            watch.ask();
            assertThat(watch.seen(in(20))).isEqualTo(MachineState.MACHINE_RUNNING);
        }
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(5));
        assertThat(questions).as("questions to a QEMU that answers none").hasValue(2);
        answers.add(MachineState.MACHINE_FAILED);
        assertThat(watch.seen(in(5_000))).isEqualTo(MachineState.MACHINE_FAILED);
    }

    @Test
    void each_answered_question_is_followed_by_a_new_one() {
        answers.add(MachineState.MACHINE_RUNNING);
        answers.add(MachineState.MACHINE_PAUSED);
        watch.ask();
        assertThat(watch.seen(in(5_000))).isEqualTo(MachineState.MACHINE_RUNNING);
        watch.ask();
        assertThat(watch.seen(in(5_000))).isEqualTo(MachineState.MACHINE_PAUSED);
    }

    private static long in(long millis) {
        return System.nanoTime() + Duration.ofMillis(millis).toNanos();
    }
}
