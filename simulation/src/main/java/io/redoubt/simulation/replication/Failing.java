// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.replication;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.block.VolumeFault;
import java.nio.ByteBuffer;
import java.util.function.IntUnaryOperator;

/// A disk that fails now and then: a write ends somewhere in its middle, or a flush says that it could not, and then some of what was
/// not durable is as it was before.
final class Failing implements BlockDevice {
    private static final int SECTOR = 512;
    private static final int ONE_WRITE_IN = 400;
    private static final int ONE_FLUSH_IN = 60;

    private final BlockDevice disk;
    private final VolumeId id;
    private final IntUnaryOperator draw;
    private final Runnable losing;
    private ByteBuffer durable;

    /// @param draw   an evenly drawn number below its argument, 0 for a failure; never 0 when nothing is to fail
    /// @param losing runs before anything is taken back
    Failing(BlockDevice disk, VolumeId id, IntUnaryOperator draw, Runnable losing) {
        this.disk = disk;
        this.id = id;
        this.draw = draw;
        this.losing = losing;
        this.durable = content();
    }

    private ByteBuffer content() {
        ByteBuffer content = ByteBuffer.allocate((int) disk.size());
        disk.read(0, content);
        return content.flip();
    }

    private FaultException failed() {
        return new FaultException(
                new VolumeFault.DiskFailed(id, "the simulated disk failed", "Go on."));
    }

    @Override
    public long size() {
        return disk.size();
    }

    @Override
    public void read(long offset, ByteBuffer into) {
        disk.read(offset, into);
    }

    @Override
    public void write(long offset, ByteBuffer from) {
        if (draw.applyAsInt(ONE_WRITE_IN) == 0) {
            disk.write(offset, from.limit(from.position() + from.remaining() / 1024 * 512));
            throw failed();
        }
        disk.write(offset, from);
    }

    @Override
    public void zero(long offset, long length) {
        if (draw.applyAsInt(ONE_WRITE_IN) == 0) {
            throw failed();
        }
        disk.zero(offset, length);
    }

    @Override
    public void flush() {
        if (draw.applyAsInt(ONE_FLUSH_IN) == 0) {
            losing.run();
            for (int at = 0; at < durable.capacity(); at += SECTOR) {
                if (draw.applyAsInt(4) == 0) {
                    disk.write(at, durable.slice(at, SECTOR));
                }
            }
            throw failed();
        }
        disk.flush();
        durable = content();
    }

    @Override
    public void close() {
        disk.close();
    }
}
