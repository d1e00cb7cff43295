// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

/// When the next unit may pass: a GCRA on an absolute schedule, without threads and without a clock.
///
/// Each unit moves the schedule on by exactly one interval, so that late wake-ups do not add up. A schedule that was not used for a
/// while is caught up with for at most [#CATCH_UP_NANOS]; what is older is lost. A new schedule starts without anything to catch up.
///
/// Times are readings of one clock in nanoseconds, compared by difference: any origin will do.
public final class Schedule {
    /// The stalls of a thread that cost nothing. A window of one second shows at most 2 % more than the rate because of it.
    static final long CATCH_UP_NANOS = 20_000_000;

    private static final long SECOND = 1_000_000_000;

    private long rate; // units each second, 0 = no limit
    private long next; // when the next unit is due
    private long carry; // what next lacks, in 1 / rate nanoseconds

    /// @param rate units each second, 0 for no limit
    public Schedule(long rate, long now) {
        this.rate = rate;
        this.next = now;
    }

    /// Another rate from now on. What is owed is owed in units: at a higher rate it is paid sooner.
    public void change(long wanted, long now) {
        if (wanted == rate) {
            return;
        }
        long debt = next - now;
        if (rate == 0 || wanted == 0) {
            next = now;
        } else if (debt > 0) {
            next = now + (long) ((double) debt * rate / wanted);
        }
        rate = wanted;
        carry = 0;
    }

    boolean isUnlimited() {
        return rate == 0;
    }

    /// Nanoseconds until something may pass; zero or less: it may now, and for so long it might have.
    public long dueIn(long now) {
        return rate == 0 ? -CATCH_UP_NANOS : Math.max(next - now, -CATCH_UP_NANOS);
    }

    /// Lets units pass, however many: what was not due yet delays the next ones.
    ///
    /// @return how much of the schedule they take, in nanoseconds
    public long take(long units, long now) {
        if (rate == 0) {
            return 0;
        }
        if (next - (now - CATCH_UP_NANOS) < 0) {
            next = now - CATCH_UP_NANOS;
            carry = 0;
        }
        long scaled = units * SECOND + carry; // at most 2^26 bytes and 2^50 of carry
        long cost = scaled / rate;
        carry = scaled % rate;
        next += cost;
        return cost;
    }
}
