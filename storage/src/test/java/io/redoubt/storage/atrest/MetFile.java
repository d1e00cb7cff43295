// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import io.redoubt.core.port.DiskFile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/// A file in the middle of whose calls, once, somebody else comes by.
final class MetFile implements DiskFile {
    private final DiskFile next;
    volatile Runnable afterRead = MetFile::nobody;
    volatile Runnable beforeWrite = MetFile::nobody;

    MetFile(DiskFile next) {
        this.next = next;
    }

    private static void nobody() {}

    @Override
    public int read(long offset, ByteBuffer into) {
        int count = next.read(offset, into);
        Runnable met = afterRead;
        afterRead = MetFile::nobody;
        met.run();
        return count;
    }

    @Override
    public void write(long offset, ByteBuffer from) {
        Runnable met = beforeWrite;
        beforeWrite = MetFile::nobody;
        met.run();
        next.write(offset, from);
    }

    @Override
    public void sync() {
        next.sync();
    }

    @Override
    public long size() {
        return next.size();
    }

    @Override
    public void allocate(long size) {
        next.allocate(size);
    }

    @Override
    public void allocate(long offset, long length) {
        next.allocate(offset, length);
    }

    @Override
    public void punch(long offset, long length) {
        next.punch(offset, length);
    }

    @Override
    public long room() {
        return next.room();
    }

    @Override
    public void truncate(long size) {
        next.truncate(size);
    }

    @Override
    public void zero(long offset, long length) {
        next.zero(offset, length);
    }

    @Override
    public MemorySegment map(long size) {
        return next.map(size);
    }

    @Override
    public void close() {
        next.close();
    }
}
