// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Clock;
import java.util.concurrent.locks.LockSupport;

/// The thread that hydrates an overlay, at a rate that can be changed meanwhile. A source that dies is waited for.
public final class Hydrator implements AutoCloseable {
    private static final long SECOND = 1_000_000_000L;
    private static final long RETRY_NANOS = SECOND; // after a fault
    private static final long WAIT_NANOS_MAX = SECOND / 20; // then it looks at rate and end again
    private static final long CATCH_UP_NANOS = SECOND / 10; // of a stall that is made good
    private static final long FLUSH_EVERY =
            256L << 20; // bytes that a power loss lets it copy again
    private static final long CLOSE_MILLIS_MAX = 60_000;

    private final Overlay overlay;
    private final Hydration hydration;
    private final Clock clock;
    private final Runnable completed;
    private final Thread thread;
    private final long startedNanos;
    private volatile long rate;
    private volatile boolean closed;
    private volatile State state = State.COPYING;
    private volatile String trouble = "";
    private volatile long copied;

    /// What it is doing.
    public enum State {
        COPYING,
        /// Something is in the way; it tries again every second.
        WAITING,
        /// The source is dropped.
        COMPLETE,
        /// The volume itself cannot be trusted any more.
        FAILED,
        STOPPED
    }

    /// @param doneBytes   of totalBytes that need no source any more
    /// @param secondsLeft at the speed so far, -1 when nothing was copied yet
    /// @param trouble     what is in the way, empty for nothing
    public record Status(
            State state, long doneBytes, long totalBytes, long secondsLeft, String trouble) {}

    /// @param bytesPerSecond 0 for as fast as it goes
    public static Hydrator start(Overlay overlay, Clock clock, long bytesPerSecond) {
        return start(overlay, clock, bytesPerSecond, () -> {});
    }

    /// @param completed run by its thread once the source is dropped, durably
    public static Hydrator start(
            Overlay overlay, Clock clock, long bytesPerSecond, Runnable completed) {
        var hydrator = new Hydrator(overlay, clock, bytesPerSecond, completed);
        hydrator.thread.start();
        return hydrator;
    }

    private Hydrator(Overlay overlay, Clock clock, long bytesPerSecond, Runnable completed) {
        this.completed = completed;
        this.overlay = overlay;
        this.hydration = new Hydration(overlay);
        this.clock = clock;
        this.rate = bytesPerSecond;
        this.startedNanos = clock.bootNanos();
        this.thread =
                Thread.ofPlatform().daemon().name("hydrate-" + overlay.id()).unstarted(this::run);
    }

    public void rate(long bytesPerSecond) {
        rate = bytesPerSecond;
    }

    public Status status() {
        State now = state;
        long total = overlay.size();
        long done = now == State.COMPLETE ? total : overlay.adoptedBytes();
        double nanosPerByte = (clock.bootNanos() - startedNanos) / (double) Math.max(1, copied);
        long left = copied == 0 ? -1 : Math.round((total - done) * nanosPerByte / SECOND);
        return new Status(now, done, total, now == State.COMPLETE ? 0 : left, trouble);
    }

    private void run() {
        long due = clock.bootNanos();
        long all = 0;
        long sinceFlush = 0;
        while (!closed && !hydration.complete()) {
            try {
                long step = hydration.step();
                all += step;
                copied = all;
                sinceFlush += step;
                state = State.COPYING;
                trouble = "";
                if (sinceFlush >= FLUSH_EVERY) {
                    overlay.flush();
                    sinceFlush = 0;
                }
                due = pace(due, step);
            } catch (FaultException e) {
                trouble = e.fault().message();
                if (e.fault() instanceof VolumeFault.Untrusted) {
                    state = State.FAILED;
                    return;
                }
                state = State.WAITING;
                waitUntil(clock.bootNanos() + RETRY_NANOS);
            }
        }
        state = hydration.complete() ? State.COMPLETE : State.STOPPED;
        if (hydration.complete()) {
            completed.run();
        }
    }

    /// Waits until these bytes are paid for. @return when the next ones are
    private long pace(long due, long bytes) {
        long limit = rate;
        long now = clock.bootNanos();
        if (limit <= 0) {
            return now;
        }
        long next =
                Math.max(due, now - CATCH_UP_NANOS) + Math.round(bytes * (SECOND / (double) limit));
        waitUntil(next);
        return next;
    }

    private void waitUntil(long nanos) {
        long limit = rate;
        for (long left = nanos - clock.bootNanos();
                left > 0 && !closed && rate == limit;
                left = nanos - clock.bootNanos()) {
            LockSupport.parkNanos(this, Math.min(left, WAIT_NANOS_MAX));
        }
    }

    /// Ends after the piece under way. The maps keep what was copied.
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
        boolean interrupted = false;
        try {
            thread.join(CLOSE_MILLIS_MAX);
        } catch (InterruptedException _) {
            interrupted = true;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
