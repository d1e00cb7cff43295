// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.snapshot;

import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/// Counts the calls that reach a disk and its files, and lets one file fail.
final class CountingDisk implements Disk {
    private final Disk next;
    final AtomicLong calls = new AtomicLong();
    volatile Runnable beforeSync = () -> {};

    CountingDisk(Disk next) {
        this.next = next;
    }

    private Disk counted() {
        calls.incrementAndGet();
        return next;
    }

    @Override
    public DiskFile create(String name) {
        return new CountingFile(counted().create(name));
    }

    @Override
    public DiskFile open(String name) {
        return new CountingFile(counted().open(name));
    }

    @Override
    public boolean exists(String name) {
        return counted().exists(name);
    }

    @Override
    public List<String> list() {
        return counted().list();
    }

    @Override
    public void rename(String from, String to) {
        counted().rename(from, to);
    }

    @Override
    public void delete(String name) {
        counted().delete(name);
    }

    @Override
    public void sync() {
        counted().sync();
    }

    @Override
    public long freeBytes() {
        return counted().freeBytes();
    }

    private final class CountingFile implements DiskFile {
        private final DiskFile file;

        CountingFile(DiskFile file) {
            this.file = file;
        }

        private DiskFile used() {
            calls.incrementAndGet();
            return file;
        }

        @Override
        public int read(long offset, ByteBuffer into) {
            return used().read(offset, into);
        }

        @Override
        public void write(long offset, ByteBuffer from) {
            used().write(offset, from);
        }

        @Override
        public void sync() {
            beforeSync.run();
            used().sync();
        }

        @Override
        public long size() {
            return used().size();
        }

        @Override
        public void allocate(long size) {
            used().allocate(size);
        }

        @Override
        public void allocate(long offset, long length) {
            used().allocate(offset, length);
        }

        @Override
        public void punch(long offset, long length) {
            used().punch(offset, length);
        }

        @Override
        public long room() {
            return used().room();
        }

        @Override
        public void truncate(long size) {
            used().truncate(size);
        }

        @Override
        public void zero(long offset, long length) {
            used().zero(offset, length);
        }

        @Override
        public MemorySegment map(long size) {
            return used().map(size);
        }

        @Override
        public void close() {
            file.close();
        }
    }
}
