// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;

/// Runs something once, right after a file was synced that was created here: the overlay's data, or another one.
public final class AfterSync implements Disk {
    private final Disk next;
    private final String hooked;
    public Runnable then = () -> {};

    public AfterSync(Disk next) {
        this(next, "volume.raw");
    }

    public AfterSync(Disk next, String hooked) {
        this.next = next;
        this.hooked = hooked;
    }

    @Override
    public DiskFile create(String name) {
        DiskFile file = next.create(name);
        return name.equals(hooked) ? new Hooked(file) : file;
    }

    @Override
    public DiskFile open(String name) {
        return next.open(name);
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
    public void rename(String from, String to) {
        next.rename(from, to);
    }

    @Override
    public void delete(String name) {
        next.delete(name);
    }

    @Override
    public void sync() {
        next.sync();
    }

    @Override
    public long freeBytes() {
        return next.freeBytes();
    }

    private final class Hooked implements DiskFile {
        private final DiskFile file;

        Hooked(DiskFile file) {
            this.file = file;
        }

        @Override
        public void sync() {
            file.sync();
            Runnable now = then;
            then = () -> {};
            now.run();
        }

        @Override
        public int read(long offset, ByteBuffer into) {
            return file.read(offset, into);
        }

        @Override
        public void write(long offset, ByteBuffer from) {
            file.write(offset, from);
        }

        @Override
        public long size() {
            return file.size();
        }

        @Override
        public void allocate(long size) {
            file.allocate(size);
        }

        @Override
        public void allocate(long offset, long length) {
            file.allocate(offset, length);
        }

        @Override
        public void punch(long offset, long length) {
            file.punch(offset, length);
        }

        @Override
        public long room() {
            return file.room();
        }

        @Override
        public void truncate(long size) {
            file.truncate(size);
        }

        @Override
        public void zero(long offset, long length) {
            file.zero(offset, length);
        }

        @Override
        public MemorySegment map(long size) {
            return file.map(size);
        }

        @Override
        public void close() {
            file.close();
        }
    }
}
