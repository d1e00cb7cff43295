// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import io.redoubt.core.port.DiskFile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/// A file that hands every call on; tests override the calls that they want to meet.
public abstract class ForwardingFile implements DiskFile {
    private final DiskFile next;

    protected ForwardingFile(DiskFile next) {
        this.next = next;
    }

    /// Asked for once for each call but [#close()].
    protected DiskFile next() {
        return next;
    }

    @Override
    public int read(long offset, ByteBuffer into) {
        return next().read(offset, into);
    }

    @Override
    public void write(long offset, ByteBuffer from) {
        next().write(offset, from);
    }

    @Override
    public void sync() {
        next().sync();
    }

    @Override
    public long size() {
        return next().size();
    }

    @Override
    public void allocate(long size) {
        next().allocate(size);
    }

    @Override
    public void allocate(long offset, long length) {
        next().allocate(offset, length);
    }

    @Override
    public void punch(long offset, long length) {
        next().punch(offset, length);
    }

    @Override
    public long room() {
        return next().room();
    }

    @Override
    public void truncate(long size) {
        next().truncate(size);
    }

    @Override
    public void zero(long offset, long length) {
        next().zero(offset, length);
    }

    @Override
    public MemorySegment map(long size) {
        return next().map(size);
    }

    @Override
    public void close() {
        next.close();
    }
}
