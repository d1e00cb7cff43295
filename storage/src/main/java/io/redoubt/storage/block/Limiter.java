// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import io.redoubt.core.Rate;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/// What the volumes of one datastore may do together, and how they share it (requirements A5, A64, A67).
///
/// This is a core without threads and clock: [VolumeLimit] asks, tells the time, and waits when it must. There is no queue.
/// - **The rate** is an absolute [Schedule] for operations and one for bytes; a request passes when both are due.
/// - **The shares**: each volume has a virtual time, which its requests move on by their cost divided by its weight. A volume that is
///   ahead of another one which wants to work waits for it, so two busy volumes get what their weights say, whatever their depths.
/// - **Nothing is wasted**: when the volumes that are behind leave so much that half of the catch-up has gathered, whoever asks may have it.
///   A volume that asked for nothing for a while gathers no claim meanwhile.
public final class Limiter {
    /// The weight of a volume that was given none.
    public static final int WEIGHT_DEFAULT = 100;

    public static final int WEIGHT_MAX = 10_000;

    /// A shorter sleep would only cost: what gathers meanwhile is served as one batch.
    static final long SLEEP_NANOS_MIN = 2_000_000;

    /// After at most so long a waiting request looks again, and sees a changed limit.
    static final long SLEEP_NANOS_MAX = 100_000_000;

    /// How far a volume may be ahead of the others, in the time that the datastore takes for it. Long enough for a batch, short
    /// enough that half of the catch-up is never reached by waiting for a volume that is about to wake up.
    private static final long AHEAD_NANOS = 5_000_000;

    /// A volume wants to work until so long after it last asked: the time of a round trip to a client without depth.
    private static final long WANTS_NANOS = 5_000_000;

    private static final long SURPLUS_NANOS = Schedule.CATCH_UP_NANOS / 2;

    private final ReentrantLock lock = new ReentrantLock();
    private final Schedule operations; // all guarded by lock
    private final Schedule bytes;
    private final List<Share> wanting = new ArrayList<>();
    private long floor; // no volume's virtual time is below this when it asks

    private Rate rate;

    /// What the limiter knows of one volume. Guarded by the limiter's lock.
    static final class Share {
        private final Schedule operations;
        private final Schedule bytes;
        private int weight;
        private long virtual;
        private long wantsUntil;
        private boolean wanting;

        private Share(int weight, Rate own, long now) {
            this.weight = weight;
            this.operations = new Schedule(own.iops(), now);
            this.bytes = new Schedule(own.bytesPerSecond(), now);
        }

        private long dueIn(long now) {
            return Math.max(operations.dueIn(now), bytes.dueIn(now));
        }

        private long ahead() {
            return AHEAD_NANOS * WEIGHT_MAX / Math.max(weight, WEIGHT_DEFAULT);
        }
    }

    Limiter(Rate rate, long now) {
        this.rate = rate;
        this.operations = new Schedule(rate.iops(), now);
        this.bytes = new Schedule(rate.bytesPerSecond(), now);
    }

    /// A datastore that may do so much from now on.
    public Limiter(Rate rate) {
        this(rate, System.nanoTime());
    }

    public Rate rate() {
        lock.lock();
        try {
            return rate;
        } finally {
            lock.unlock();
        }
    }

    /// Changes the rate under attached clients. A request that waits sees it after [#SLEEP_NANOS_MAX] at most.
    public void change(Rate wanted) {
        change(wanted, System.nanoTime());
    }

    void change(Rate wanted, long now) {
        lock.lock();
        try {
            operations.change(wanted.iops(), now);
            bytes.change(wanted.bytesPerSecond(), now);
            rate = wanted;
        } finally {
            lock.unlock();
        }
    }

    Share share(int weight, Rate own, long now) {
        requireWeight(weight);
        return new Share(weight, own, now);
    }

    void change(Share share, int weight, Rate own, long now) {
        requireWeight(weight);
        lock.lock();
        try {
            share.weight = weight;
            share.operations.change(own.iops(), now);
            share.bytes.change(own.bytesPerSecond(), now);
        } finally {
            lock.unlock();
        }
    }

    /// Lets a request pass, or says how long to wait before asking again.
    ///
    /// @return 0 when it may go, and is counted; else nanoseconds between [#SLEEP_NANOS_MIN] and [#SLEEP_NANOS_MAX]
    long ask(Share share, int count, long length, long now) {
        lock.lock();
        try {
            if (share.virtual < floor) {
                share.virtual = floor;
            }
            long due =
                    Math.max(share.dueIn(now), Math.max(operations.dueIn(now), bytes.dueIn(now)));
            boolean ahead = isAhead(share, now);
            if (due <= 0 && ahead && -mineDueIn(now) < SURPLUS_NANOS) {
                due = SLEEP_NANOS_MIN;
            }
            if (due > 0) {
                long sleep = Math.min(Math.max(due, SLEEP_NANOS_MIN), SLEEP_NANOS_MAX);
                wants(share, now + sleep);
                return sleep;
            }
            wants(share, now);
            pass(share, count, length, now, ahead);
            return 0;
        } finally {
            lock.unlock();
        }
    }

    private long mineDueIn(long now) {
        return Math.max(operations.dueIn(now), bytes.dueIn(now));
    }

    private void pass(Share share, int count, long length, long now, boolean ahead) {
        share.operations.take(count, now);
        share.bytes.take(length, now);
        long cost = Math.max(operations.take(count, now), bytes.take(length, now));
        if (!ahead) { // what others leave is not held against who takes it
            floor = Math.max(floor, share.virtual - share.ahead());
            share.virtual += cost * WEIGHT_MAX / share.weight;
        }
    }

    private void wants(Share share, long until) {
        share.wantsUntil = until + WANTS_NANOS;
        if (!share.wanting) {
            share.wanting = true;
            wanting.add(share);
        }
    }

    /// Whether another volume that wants to work, and that its own limit lets work, is far behind this one.
    private boolean isAhead(Share share, long now) {
        if (operations.isUnlimited() && bytes.isUnlimited()) {
            return false;
        }
        boolean ahead = false;
        for (int i = wanting.size() - 1; i >= 0; i--) {
            Share other = wanting.get(i);
            if (other.wantsUntil - now < 0) {
                other.wanting = false;
                wanting.set(i, wanting.getLast());
                wanting.removeLast();
            } else if (other != share
                    && share.virtual - other.virtual > share.ahead()
                    && other.dueIn(now) <= 0) {
                ahead = true;
            }
        }
        return ahead;
    }

    /// @throws IllegalArgumentException with the bounds
    public static void requireWeight(int weight) {
        if (weight < 1 || weight > WEIGHT_MAX) {
            throw new IllegalArgumentException(
                    "a volume's weight is 1 to %d; got %d".formatted(WEIGHT_MAX, weight));
        }
    }
}
