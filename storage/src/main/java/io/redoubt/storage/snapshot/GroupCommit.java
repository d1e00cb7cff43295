// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.snapshot;

import io.redoubt.core.fault.FaultException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// One sync for everybody who waits: writers join the open group, write, and come back when a sync has covered them.
///
/// Groups are numbered, one sync follows the other, and a group closes when its sync begins. So whoever joins group n knows that
/// group n - 2 is durable: after a power loss only the two highest groups may be incomplete.
final class GroupCommit {
    private final Runnable sync;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private long open;
    private int writing; // members of the open group that have not finished
    private long durable;
    private boolean syncing;
    private @Nullable FaultException
            failure; // final: the content of the file is unknown from then on

    /// @param first above every number in the file
    GroupCommit(long first, Runnable sync) {
        this.sync = sync;
        this.open = first;
        this.durable = first - 1;
    }

    /// Becomes a member of the open group, which waits for it. Then exactly one of [#await] and [#leave] follows.
    long join() {
        lock.lock();
        try {
            requireTrusted();
            writing++;
            return open;
        } finally {
            lock.unlock();
        }
    }

    /// What was written counts for nothing.
    void leave() {
        lock.lock();
        try {
            writing--;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Everything that the group's members wrote is durable when it returns.
    ///
    /// @throws FaultException of the sync, now and for ever
    void await(long group) {
        lock.lock();
        try {
            writing--;
            changed.signalAll();
            while (durable < group) {
                requireTrusted();
                if (syncing || writing > 0) {
                    changed.awaitUninterruptibly(); // for a bounded number of writers, or for one
                    // sync
                } else {
                    lead();
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private void lead() {
        long led = open++;
        syncing = true;
        lock.unlock();
        @Nullable FaultException failed = null;
        try {
            sync.run();
        } catch (FaultException e) {
            failed = e;
        } finally {
            lock.lock();
            syncing = false;
            changed.signalAll();
        }
        if (failed == null) {
            durable = led;
        } else {
            failure = failed;
        }
    }

    private void requireTrusted() {
        FaultException e = failure;
        if (e != null) {
            throw e;
        }
    }
}
