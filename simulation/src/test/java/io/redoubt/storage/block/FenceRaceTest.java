// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.simulation.machine.SimHost;
import io.redoubt.simulation.machine.SimTime;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/// Real threads against real raises, on a disk that costs nothing, so that there are many of both.
class FenceRaceTest {
    private static final VolumeId ID = new VolumeId("vol-7");
    private static final int WRITERS = 3;
    private static final long NANOS = 4_000_000_000L;

    private record Held(long number, BlockDevice view) {}

    private volatile Held held = new Held(0, new Watching());
    private volatile long confirmed;
    private volatile boolean over;
    private final AtomicLong late = new AtomicLong();
    private final AtomicLong inTime = new AtomicLong();

    /// The offset of a request is the number under which it was made.
    private final class Watching implements BlockDevice {
        @Override
        public void zero(long number, long length) {
            if (number < confirmed) {
                late.incrementAndGet();
            }
            inTime.lazySet(number);
            if (number < confirmed) {
                late.incrementAndGet();
            }
        }

        @Override
        public long size() {
            return 0;
        }

        @Override
        public void read(long offset, ByteBuffer into) {}

        @Override
        public void write(long offset, ByteBuffer from) {}

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }

    @Test
    void nothing_of_an_older_number_runs_once_a_newer_one_is_confirmed() throws Exception {
        var host = new SimHost(new SplittableRandom(1), new SimTime());
        Fence fence = Fence.open(host.disk("v"), ID, new Watching());
        raise(fence, 1);
        Thread[] writers = new Thread[WRITERS];
        for (int i = 0; i < WRITERS; i++) {
            writers[i] = Thread.ofPlatform().start(this::write);
        }
        long number = 1;
        long end = System.nanoTime() + NANOS;
        while (System.nanoTime() < end && late.get() == 0) {
            raise(fence, ++number);
        }
        over = true;
        for (Thread writer : writers) {
            writer.join();
        }
        assertThat(late.get()).as("requests of older numbers, of %d raises", number).isZero();
        assertThat(number).isGreaterThan(1000);
        assertThat(inTime.get()).isPositive();
    }

    private void raise(Fence fence, long number) {
        fence.raise(number, new UUID(0, number), Duration.ofSeconds(20));
        confirmed = number;
        held = new Held(number, fence.attach(number, () -> {}));
    }

    private void write() {
        while (!over) {
            Held now = held;
            try {
                while (!over) {
                    now.view().zero(now.number(), 0);
                }
            } catch (FaultException _) {
                // superseded: take the next one
            }
        }
    }
}
