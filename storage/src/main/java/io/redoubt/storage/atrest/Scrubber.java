// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.block.VolumeFault;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// One thread that scrubs volumes, one after the other, at one rate for all of them together.
public final class Scrubber implements AutoCloseable {
    /// Between the end of a round over all volumes and the next.
    public static final Duration REST = Duration.ofHours(1);

    /// Between two words about a pass that is under way.
    public static final Duration TELL = Duration.ofMinutes(1);

    private static final Logger LOG = System.getLogger(Scrubber.class.getName());
    private static final int PIECE = 1 << 20;

    private final Supplier<Collection<Scrub>> volumes;
    private final long pieceNanos;
    private final Consumer<Scrub.Progress> told;
    private final CountDownLatch over = new CountDownLatch(1);
    private final Thread thread;

    private Scrubber(
            Supplier<Collection<Scrub>> volumes,
            long bytesPerSecond,
            Consumer<Scrub.Progress> told) {
        this.volumes = volumes;
        this.told = told;
        this.pieceNanos = Math.max(1, (long) (1e9 * PIECE / bytesPerSecond));
        this.thread = Thread.ofPlatform().daemon().name("scrub").unstarted(this::work);
    }

    /// @param volumes asked at the begin of each round
    public static Scrubber start(Supplier<Collection<Scrub>> volumes, long bytesPerSecond) {
        return start(volumes, bytesPerSecond, _ -> {});
    }

    /// @param told hears of the end of each pass, and every [#TELL] of one that is under way
    public static Scrubber start(
            Supplier<Collection<Scrub>> volumes,
            long bytesPerSecond,
            Consumer<Scrub.Progress> told) {
        var scrubber = new Scrubber(volumes, bytesPerSecond, told);
        scrubber.thread.start();
        return scrubber;
    }

    private void work() {
        try {
            do {
                for (Scrub volume : volumes.get()) {
                    if (!pass(volume)) {
                        return;
                    }
                }
            } while (!over.await(REST.toNanos(), TimeUnit.NANOSECONDS));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /// @return false when it is to stop
    private boolean pass(Scrub volume) throws InterruptedException {
        try {
            long next = System.nanoTime();
            long tell = next + TELL.toNanos();
            while (!volume.step(PIECE)) {
                if (System.nanoTime() - tell > 0) {
                    told.accept(volume.progress());
                    tell += TELL.toNanos();
                }
                next = Math.max(next + pieceNanos, System.nanoTime() - pieceNanos);
                if (over.await(next - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                    return false;
                }
            }
            told.accept(volume.progress());
        } catch (FaultException e) {
            if (!(e.fault() instanceof VolumeFault.Closed)) {
                LOG.log(Level.WARNING, "a scrub ended before its pass did", e);
            }
        }
        return true;
    }

    /// Returns when the thread has ended.
    @Override
    public void close() {
        over.countDown();
        try {
            thread.join();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
