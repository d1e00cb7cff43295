// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.block.VolumeFault;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class FlusherTest {
    /// Flushes begin at once and end one by one, when they are let.
    private static final class SlowDevice extends MemoryDevice {
        final Semaphore begun = new Semaphore(0);
        final Semaphore mayEnd = new Semaphore(0);
        final AtomicBoolean fails = new AtomicBoolean();

        SlowDevice() {
            super(new byte[512]);
        }

        @Override
        public void flush() {
            flushes.incrementAndGet();
            boolean failing = fails.get();
            begun.release();
            mayEnd.acquireUninterruptibly();
            if (failing) {
                throw new FaultException(new VolumeFault.Untrusted(ID, "test"));
            }
        }
    }

    private final SlowDevice device = new SlowDevice();
    private final Flusher flusher = new Flusher(device);

    /// What was written after the running flush began is not covered by it.
    /// Only then it may be done in front of other requests.
    @Test
    void
            a_flusher_is_quick_after_a_row_of_quick_flushes_and_no_longer_after_one_slow_or_failed_one()
                    throws Exception {
        becomeQuick();
        device.mayEnd.drainPermits();
        CompletableFuture<Boolean> slow = flush();
        device.begun.acquire();
        Thread.sleep(2);
        device.mayEnd.release();
        assertThat(slow.get(10, TimeUnit.SECONDS)).isTrue();
        assertThat(flusher.isQuick()).isFalse();

        becomeQuick();
        device.fails.set(true);
        assertThat(flusher.attempt().error()).isEqualTo(Wire.EIO);
        assertThat(flusher.isQuick()).isFalse();
    }

    private void becomeQuick() throws InterruptedException {
        device.mayEnd.release(1 << 20); // the device is as fast as it can be
        device.begun.drainPermits();
        for (int i = 0; i < 15; i++) {
            assertThat(flusher.isQuick()).isFalse();
            flusher.flush();
        }
        for (int i = 0; i < 100_000 && !flusher.isQuick(); i++) {
            flusher.flush(); // a busy host interrupts the row
        }
        assertThat(flusher.isQuick()).isTrue();
        device.begun.drainPermits();
    }

    @Test
    void a_flush_that_runs_already_does_not_count_for_a_later_caller() throws Exception {
        CompletableFuture<Boolean> first = flush();
        device.begun.acquire();
        CompletableFuture<Boolean> second = flush();
        CompletableFuture<Boolean> third = flush();
        Thread.sleep(100); // both wait
        device.mayEnd.release();
        assertThat(first.get(10, TimeUnit.SECONDS)).isTrue();
        device.begun.acquire();
        assertThat(second.isDone() || third.isDone()).isFalse();
        device.mayEnd.release();
        assertThat(second.get(10, TimeUnit.SECONDS)).isTrue();
        assertThat(third.get(10, TimeUnit.SECONDS)).isTrue();
        assertThat(device.flushes.get()).as("the two were joined").isEqualTo(2);
    }

    @Test
    void a_failure_is_told_to_its_caller_and_nobody_counts_it_as_a_success() throws Exception {
        device.fails.set(true);
        CompletableFuture<Boolean> first = flush();
        device.begun.acquire();
        CompletableFuture<Boolean> second = flush();
        Thread.sleep(100);
        device.mayEnd.release(2);
        assertThat(first.get(10, TimeUnit.SECONDS)).isFalse();
        assertThat(second.get(10, TimeUnit.SECONDS)).isFalse();
        assertThat(device.flushes.get()).isEqualTo(2);
    }

    private CompletableFuture<Boolean> flush() {
        var result = new CompletableFuture<Boolean>();
        Thread.ofPlatform()
                .start(() -> {
                    try {
                        flusher.flush();
                        result.complete(true);
                    } catch (FaultException | InterruptedException _) {
                        result.complete(false);
                    }
                });
        return result;
    }
}
