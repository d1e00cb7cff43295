// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Clock;
import io.redoubt.core.port.DiskFile;
import java.time.Duration;
import java.util.BitSet;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// How a sealed file becomes durable: the data at each flush, the checksums of a chunk once it has rested for [#QUIET].
///
/// A crash between the data's sync and the checksums' leaves the chunk dirty, so its checksums are computed again from data that is
/// durable. One between the checksums' sync and the clearing of the bit leaves a dirty chunk whose checksums happen to be true.
final class Settling {
    static final Duration QUIET = Duration.ofSeconds(20);

    private final DiskFile data;
    private final @Nullable Sums sums;
    private final Clock clock;
    private final ReentrantLock settling = new ReentrantLock();
    private long settledNanos; // by settling
    private volatile boolean syncFailed;

    /// @param sums null without integrity
    Settling(DiskFile data, @Nullable Sums sums, Clock clock) {
        this.data = data;
        this.sums = sums;
        this.clock = clock;
        this.settledNanos = clock.bootNanos();
    }

    /// Makes the data durable, and now and then the checksums of what has rested. Of several callers one looks after the checksums.
    void sync() {
        if (sums == null || !settling.tryLock()) {
            syncData();
            return;
        }
        try {
            BitSet quiet = new BitSet();
            if (isDue()) {
                quiet = sums.quiet(); // before the sync, which makes their data durable
                settledNanos = clock.bootNanos();
            }
            syncData();
            sums.settle(quiet);
        } finally {
            settling.unlock();
        }
    }

    private boolean isDue() {
        return clock.bootNanos() - settledNanos >= QUIET.toNanos() && !syncFailed;
    }

    /// Only the data; the checksums stay as they are.
    void syncData() {
        try {
            data.sync();
        } catch (FaultException e) {
            syncFailed = true; // what is stored is unknown from now on: nothing may be called clean
            throw e;
        }
    }

    /// Calls every chunk clean whose checksums are true. Only when nobody writes any more.
    void all() {
        if (sums != null && !syncFailed) {
            BitSet dirty = sums.all();
            if (!dirty.isEmpty()) {
                data.sync();
                sums.settle(dirty);
            }
        }
    }
}
