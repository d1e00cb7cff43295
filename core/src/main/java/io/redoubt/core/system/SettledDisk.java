// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core.system;

import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/// A directory that knows whether its names are durable, and syncs them only when they may not be.
///
/// A start reads several small files of each directory and must sync before it believes each of them (ADR 7); one sync serves them all, for
/// nobody else changes the directory: its process holds the owner lock. So the first [#sync] is always one, whatever
/// an earlier process left; a later one without a change of names in between has nothing to do.
///
/// A change counts before it is tried and again when it is over: a sync that runs beside it covers it or not, and then the next one is a sync again.
public final class SettledDisk implements Disk {
    private static final long NEVER = -1;

    private final Disk next;
    private final AtomicLong changes = new AtomicLong();
    private volatile long durable = NEVER; // so many changes were over when the last sync began

    /// @param next a directory that is changed through this object alone as long as it is in use
    public SettledDisk(Disk next) {
        this.next = next;
    }

    @Override
    public void sync() {
        long now = changes.get();
        if (durable != now) {
            next.sync();
            durable = now; // of two at once the older one may win: the next sync is one too many
        }
    }

    @Override
    public DiskFile open(String name) {
        return next.open(name);
    }

    @Override
    public DiskFile create(String name) {
        changes.incrementAndGet();
        try {
            return next.create(name);
        } finally {
            changes.incrementAndGet();
        }
    }

    @Override
    public void rename(String from, String to) {
        changing(() -> next.rename(from, to));
    }

    /// A name that is not there is no change: replacing a small file first deletes what a crash may have left.
    @Override
    public void delete(String name) {
        changing(() -> next.delete(name));
    }

    private void changing(Runnable change) {
        changes.incrementAndGet();
        try {
            change.run();
        } finally {
            changes.incrementAndGet();
        }
    }

    @Override
    public boolean exists(String name) {
        return next.exists(name);
    }

    @Override
    public List<String> list() {
        return next.list();
    }

    @Override
    public long freeBytes() {
        return next.freeBytes();
    }
}
