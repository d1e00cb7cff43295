// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core.system;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.DiskFault;
import io.redoubt.core.port.DiskFile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/// A block device as a file: its size is fixed, and there is room behind every byte.
final class DeviceFile implements DiskFile {
    private final Path device;
    private final SystemFile file;
    private final long size;

    private DeviceFile(Path device, SystemFile file) {
        this.device = device;
        this.file = file;
        this.size = file.size();
    }

    static DeviceFile open(Path device) {
        return new DeviceFile(device, SystemFile.openAlone(device));
    }

    @Override
    public int read(long offset, ByteBuffer into) {
        return file.read(offset, into);
    }

    @Override
    public void write(long offset, ByteBuffer from) {
        require(offset + from.remaining());
        file.write(offset, from);
    }

    @Override
    public void sync() {
        file.sync();
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public void allocate(long wanted) {
        require(wanted);
    }

    @Override
    public void allocate(long offset, long length) {
        require(offset + length);
    }

    /// Zeros, too: a device has no holes that we could count.
    @Override
    public void punch(long offset, long length) {
        zero(offset, length);
    }

    @Override
    public long room() {
        return size;
    }

    @Override
    public void truncate(long wanted) {
        if (wanted != size) {
            throw new FaultException(
                    new DiskFault.Failed(
                            device.toString(),
                            "resize",
                            "a device of %d bytes stays as it is".formatted(size)));
        }
    }

    /// The kernel asks the device for zeros, or writes them.
    @Override
    public void zero(long offset, long length) {
        require(offset + length);
        file.zero(offset, length);
    }

    @Override
    public MemorySegment map(long wanted) {
        require(wanted);
        return file.map(wanted);
    }

    private void require(long end) {
        if (end > size) {
            throw new FaultException(new DiskFault.Full(device.toString(), end - size, 0));
        }
    }

    @Override
    public void close() {
        file.close();
    }
}
