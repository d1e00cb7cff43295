// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import io.redoubt.core.Rate;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/// The limit of one volume as its requests meet it, where they arrive: before the fence, and before anything is executed.
///
/// It can be given to a datastore, taken away and changed under attached clients. A request that waits here is in nobody's way: it holds no
/// lock, no room and no place at the fence, and an interrupt ends it.
public final class VolumeLimit {
    /// A request counts as one operation for each so many bytes that it moves, rounded up.
    public static final int OPERATION_BYTES = 256 << 10;

    /// More is not charged for one request, so that an advice to read gigabytes ahead cannot close a datastore for minutes.
    private static final long CHARGED_BYTES_MAX = 32L << 20;

    private record Member(Limiter limiter, Limiter.Share share) {}

    /// What passed since this object was made.
    public record Passed(long operations, long bytes, long waitedNanos) {}

    private final LongAdder operations = new LongAdder();
    private final LongAdder bytes = new LongAdder();
    private final LongAdder waitedNanos = new LongAdder();
    private volatile @Nullable Member member; // none: without limit

    /// Makes the volume share a datastore's rate, or changes its part in it.
    ///
    /// @param weight against the other volumes' weights when there is not enough for all
    /// @param own    the volume's own limit below the datastore's, or [Rate#UNLIMITED]
    public synchronized void join(Limiter limiter, int weight, Rate own) {
        long now = System.nanoTime();
        Member present = member;
        if (present != null && present.limiter() == limiter) {
            limiter.change(present.share(), weight, own, now);
        } else {
            member = new Member(limiter, limiter.share(weight, own, now));
        }
    }

    /// Lets everything pass from now on.
    public synchronized void leave() {
        member = null;
    }

    public Passed passed() {
        return new Passed(operations.sum(), bytes.sum(), waitedNanos.sum());
    }

    /// Lets a request pass when it need not wait.
    ///
    /// @param length the bytes that it moves, 0 when it moves none
    /// @return whether it may be executed now
    public boolean tryPass(long length) {
        return ask(length, System.nanoTime()) == 0;
    }

    /// Waits until the request may be executed.
    ///
    /// @throws InterruptedException when the connection is closed meanwhile; the request was not counted
    public void pass(long length) throws InterruptedException {
        long begin = System.nanoTime();
        long now = begin;
        try {
            long wait;
            while ((wait = ask(length, now)) > 0) {
                TimeUnit.NANOSECONDS.sleep(wait);
                now = System.nanoTime();
            }
        } finally {
            waitedNanos.add(System.nanoTime() - begin);
        }
    }

    private long ask(long length, long now) {
        long charged = Math.min(length, CHARGED_BYTES_MAX);
        int count = (int) Math.max(1, (charged + OPERATION_BYTES - 1) / OPERATION_BYTES);
        Member present = member;
        long wait =
                present == null ? 0 : present.limiter().ask(present.share(), count, charged, now);
        if (wait == 0) {
            operations.add(count);
            bytes.add(charged);
        }
        return wait;
    }
}
