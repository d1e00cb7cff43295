// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import io.redoubt.storage.block.BlockDevice;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Joins concurrent flushes of one device into one: a caller is satisfied by any flush that began after its call.
final class Flusher {
    private final BlockDevice device;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition ended = lock.newCondition();
    private boolean running; // guarded by lock
    private long begun; // guarded by lock
    private long succeeded; // guarded by lock: the last begun one that succeeded

    Flusher(BlockDevice device) {
        this.device = device;
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
        try {
            device.flush();
            success = true;
        } finally {
            lock.lock();
            try {
                running = false;
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
