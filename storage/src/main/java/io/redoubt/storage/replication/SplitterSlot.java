// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.storage.block.BlockDevice;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;

/// The place of the splitter in a volume's layers: empty while the volume is unprotected. Protection can begin and end under an attached
/// guest: the change waits until the requests in execution have ended, and new ones wait for the change.
public final class SplitterSlot implements BlockDevice {
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private final BlockDevice raw;
    private BlockDevice target;
    private volatile boolean inserted;

    public SplitterSlot(BlockDevice raw) {
        this.raw = raw;
        this.target = raw;
    }

    /// Puts a layer around the volume below; the one before is dropped, not closed.
    public <T extends BlockDevice> T insert(Function<BlockDevice, T> layer) {
        lock.writeLock().lock();
        try {
            T layered = layer.apply(raw);
            target = layered;
            inserted = true;
            return layered;
        } finally {
            lock.writeLock().unlock();
        }
    }

    /// Takes the layer out.
    public void remove() {
        lock.writeLock().lock();
        try {
            target = raw;
            inserted = false;
        } finally {
            lock.writeLock().unlock();
        }
    }

    public boolean isInserted() {
        return inserted;
    }

    @Override
    public long size() {
        return raw.size();
    }

    @Override
    public void read(long offset, ByteBuffer into) {
        raw.read(offset, into);
    }

    @Override
    public void extents(long offset, long length, ExtentSink sink) {
        raw.extents(offset, length, sink);
    }

    @Override
    public long send(long offset, long length, int socket) {
        return raw.send(offset, length, socket);
    }

    @Override
    public boolean zeroesFast() {
        return raw.zeroesFast();
    }

    @Override
    public void write(long offset, ByteBuffer from) {
        lock.readLock().lock();
        try {
            target.write(offset, from);
        } finally {
            lock.readLock().unlock();
        }
    }

    @Override
    public void zero(long offset, long length) {
        lock.readLock().lock();
        try {
            target.zero(offset, length);
        } finally {
            lock.readLock().unlock();
        }
    }

    @Override
    public void trim(long offset, long length) {
        lock.readLock().lock();
        try {
            target.trim(offset, length);
        } finally {
            lock.readLock().unlock();
        }
    }

    @Override
    public void flush() {
        lock.readLock().lock();
        try {
            target.flush();
        } finally {
            lock.readLock().unlock();
        }
    }

    @Override
    public void close() {
        lock.writeLock().lock();
        try {
            target.close();
        } finally {
            lock.writeLock().unlock();
        }
    }
}
