// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.block.BlockDevice;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Joins concurrent flushes of one device into one: a caller is satisfied by any flush that began after its call.
///
/// It also knows whether flushes have been quick of late: then to do one is cheaper than to hand it to another thread, and nobody who
/// waits behind it notices.
final class Flusher {
    private static final long QUICK_NANOS = 50_000;
    private static final int QUICK_ONES_WANTED = 16; // in a row

    private final BlockDevice device;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition ended = lock.newCondition();
    private boolean running; // guarded by lock
    private long begun; // guarded by lock
    private long succeeded; // guarded by lock: the last begun one that succeeded
    private volatile int quickOnes; // in a row; written by the one that runs

    Flusher(BlockDevice device) {
        this.device = device;
    }

    /// Whether the last flushes took so little that the next one may be done in front of other requests.
    boolean isQuick() {
        return quickOnes >= QUICK_ONES_WANTED;
    }

    /// Like [#flush], with its failure as the answer.
    Outcome attempt() throws InterruptedException {
        try {
            flush();
            return Outcome.OK;
        } catch (FaultException e) {
            return Outcome.of(e);
        }
    }

    /// Returns when every write that returned before this call is durable. A failure goes to the caller whose flush failed;
    /// the others try for themselves.
    void flush() throws InterruptedException {
        long mine;
        lock.lockInterruptibly();
        try {
            long wanted = begun + 1;
            while (running && succeeded < wanted) {
                ended.await();
            }
            if (succeeded >= wanted) {
                return;
            }
            running = true;
            mine = ++begun;
        } finally {
            lock.unlock();
        }
        boolean success = false;
        long start = System.nanoTime();
        try {
            device.flush();
            success = true;
        } finally {
            boolean quick = success && System.nanoTime() - start < QUICK_NANOS;
            lock.lock();
            try {
                running = false;
                quickOnes = quick ? Math.min(quickOnes + 1, QUICK_ONES_WANTED) : 0;
                if (success) {
                    succeeded = mine;
                }
                ended.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }
}
