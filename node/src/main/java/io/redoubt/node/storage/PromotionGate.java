// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.block.VolumeFault;
import java.nio.ByteBuffer;

/// The overlay of a live view: it refuses every change until its side was promoted.
final class PromotionGate implements BlockDevice {
    private final VolumeId volume;
    private final BlockDevice next;
    private final long term;
    private volatile boolean open;

    /// @param term of the decision that opens it, for the fault
    PromotionGate(VolumeId volume, BlockDevice next, long term, boolean open) {
        this.volume = volume;
        this.next = next;
        this.term = term;
        this.open = open;
    }

    void open() {
        open = true;
    }

    private void requireOpen() {
        if (!open) {
            throw new FaultException(new VolumeFault.Fenced(volume, 0, term));
        }
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
        requireOpen();
        next.write(offset, from);
    }

    @Override
    public void zero(long offset, long length) {
        requireOpen();
        next.zero(offset, length);
    }

    @Override
    public void trim(long offset, long length) {
        requireOpen();
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
