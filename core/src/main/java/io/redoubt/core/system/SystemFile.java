// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core.system;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.DiskFault;
import io.redoubt.core.port.DiskFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;

/// A file of the host's file system through NIO.
final class SystemFile implements DiskFile {
    private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(1 << 20).asReadOnlyBuffer();

    private final Path path;
    private final FileChannel channel;
    private final Arena mappings = Arena.ofShared();

    SystemFile(Path path, FileChannel channel) {
        this.path = path;
        this.channel = channel;
    }

    @Override
    public int read(long offset, ByteBuffer into) {
        int total = 0;
        try {
            while (into.hasRemaining()) {
                int count = channel.read(into, offset + total);
                if (count < 0) {
                    break;
                }
                total += count;
            }
        } catch (IOException e) {
            throw SystemDisk.failed(path.toString(), "read", e);
        }
        return total;
    }

    @Override
    public void write(long offset, ByteBuffer from) {
        long position = offset;
        try {
            while (from.hasRemaining()) {
                position += channel.write(from, position);
            }
        } catch (IOException e) {
            throw SystemDisk.failed(path.toString(), "write", e);
        }
    }

    @Override
    public void sync() {
        try {
            channel.force(false);
        } catch (IOException e) {
            throw SystemDisk.failed(path.toString(), "sync", e);
        }
    }

    @Override
    public long size() {
        try {
            return channel.size();
        } catch (IOException e) {
            throw SystemDisk.failed(path.toString(), "measure", e);
        }
    }

    @Override
    public void allocate(long size) {
        long old = size();
        if (old >= size) {
            return;
        }
        long free =
                path.getParent() == null
                        ? Long.MAX_VALUE
                        : path.toFile().getParentFile().getUsableSpace();
        if (size - old > free) {
            throw new FaultException(new DiskFault.Full(path.toString(), size - old, free));
        }
        int error = Posix.allocate(path, old, size - old);
        if (error != 0) {
            truncate(old);
            throw new FaultException(
                    error == Posix.ENOSPC
                            ? new DiskFault.Full(path.toString(), size - old, free)
                            : new DiskFault.Failed(path.toString(), "allocate", "error " + error));
        }
    }

    @Override
    public void truncate(long size) {
        try {
            if (size < channel.size()) {
                channel.truncate(size);
            } else if (size > channel.size()) {
                channel.write(ByteBuffer.allocate(1), size - 1);
            }
        } catch (IOException e) {
            throw SystemDisk.failed(path.toString(), "truncate", e);
        }
    }

    @Override
    public void zero(long offset, long length) {
        long done = 0;
        while (done < length) {
            ByteBuffer piece = ZEROS.duplicate();
            piece.limit((int) Math.min(piece.capacity(), length - done));
            write(offset + done, piece);
            done += piece.limit();
        }
    }

    @Override
    public MemorySegment map(long size) {
        try {
            if (channel.size() < size) {
                truncate(size);
            }
            return channel.map(MapMode.READ_WRITE, 0, size, mappings);
        } catch (IOException e) {
            throw SystemDisk.failed(path.toString(), "map", e);
        }
    }

    @Override
    public void close() {
        mappings.close();
        try {
            channel.close();
        } catch (IOException e) {
            throw SystemDisk.failed(path.toString(), "close", e);
        }
    }
}
