// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import io.redoubt.core.fault.FaultException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/// The volume as the holder of one attachment number sees it, until a higher number takes over.
///
/// A request counts itself in, then looks whether it may; a raise refuses, then looks at the count. Both are volatile, so either
/// the raise sees the request and waits for it, or the request sees the raise and leaves.
final class Attachment implements BlockDevice {
    private static final Logger LOG = System.getLogger(Attachment.class.getName());
    private static final long OPEN = 0;
    private static final long CLOSED = -1;

    private final Fence fence;
    private final BlockDevice next;
    private final long number;
    private final Runnable superseded;
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicBoolean told = new AtomicBoolean();
    private volatile long refusedBy = OPEN; // or CLOSED, or the number that took over

    Attachment(Fence fence, BlockDevice next, long number, Runnable superseded) {
        this.fence = fence;
        this.next = next;
        this.number = number;
        this.superseded = superseded;
    }

    long number() {
        return number;
    }

    int running() {
        return running.get();
    }

    /// Nothing runs and nothing can start.
    boolean isOver() {
        return refusedBy != OPEN && running.get() == 0;
    }

    void supersede(long by) {
        refusedBy = by;
    }

    void tellHolder() {
        if (told.compareAndSet(false, true)) {
            try {
                superseded.run();
            } catch (RuntimeException e) {
                // The others must still be told, and the drain finds out whether this holder's
                // requests end.
                LOG.log(Level.WARNING, "closing the connections of attachment " + number, e);
            }
        }
    }

    @Override
    public long size() {
        return next.size();
    }

    @Override
    public void read(long offset, ByteBuffer into) {
        enter();
        try {
            next.read(offset, into);
        } finally {
            exit();
        }
    }

    @Override
    public void extents(long offset, long length, ExtentSink sink) {
        enter();
        try {
            next.extents(offset, length, sink);
        } finally {
            exit();
        }
    }

    @Override
    public long send(long offset, long length, int socket) {
        enter();
        try {
            return next.send(offset, length, socket);
        } finally {
            exit();
        }
    }

    @Override
    public boolean zeroesFast() {
        return next.zeroesFast();
    }

    @Override
    public void write(long offset, ByteBuffer from) {
        enter();
        try {
            next.write(offset, from);
        } finally {
            exit();
        }
    }

    @Override
    public void zero(long offset, long length) {
        enter();
        try {
            next.zero(offset, length);
        } finally {
            exit();
        }
    }

    @Override
    public void trim(long offset, long length) {
        enter();
        try {
            next.trim(offset, length);
        } finally {
            exit();
        }
    }

    @Override
    public void flush() {
        enter();
        try {
            next.flush();
        } finally {
            exit();
        }
    }

    /// Ends this view only; the volume below stays open.
    @Override
    public void close() {
        if (refusedBy == OPEN) {
            refusedBy = CLOSED;
        }
    }

    private void enter() {
        running.incrementAndGet();
        long by = refusedBy;
        if (by != OPEN) {
            exit();
            throw new FaultException(
                    by == CLOSED
                            ? new VolumeFault.Closed(fence.volume())
                            : new VolumeFault.Fenced(fence.volume(), number, by));
        }
    }

    private void exit() {
        if (running.decrementAndGet() == 0 && refusedBy != OPEN) {
            fence.wake();
        }
    }
}
