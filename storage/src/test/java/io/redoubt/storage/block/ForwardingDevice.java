// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import java.nio.ByteBuffer;

/// A device that hands everything on, for tests that change one thing.
public class ForwardingDevice implements BlockDevice {
    protected final BlockDevice next;
    volatile Runnable beforeZero = () -> {};

    public ForwardingDevice(BlockDevice next) {
        this.next = next;
    }

    @Override
    public long size() {
        return next.size();
    }

    @Override
    public void read(long offset, ByteBuffer into) {
        next.read(offset, into);
    }

    @Override
    public void extents(long offset, long length, ExtentSink sink) {
        next.extents(offset, length, sink);
    }

    @Override
    public long send(long offset, long length, int socket) {
        return next.send(offset, length, socket);
    }

    @Override
    public boolean zeroesFast() {
        return next.zeroesFast();
    }

    @Override
    public void write(long offset, ByteBuffer from) {
        next.write(offset, from);
    }

    @Override
    public void zero(long offset, long length) {
        beforeZero.run();
        next.zero(offset, length);
    }

    @Override
    public void trim(long offset, long length) {
        next.trim(offset, length);
    }

    @Override
    public void flush() {
        next.flush();
    }

    @Override
    public void close() {
        next.close();
    }
}
