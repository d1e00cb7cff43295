// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.snapshot;

import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import io.redoubt.storage.block.ForwardingFile;
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

    private final class CountingFile extends ForwardingFile {
        CountingFile(DiskFile file) {
            super(file);
        }

        @Override
        protected DiskFile next() {
            calls.incrementAndGet();
            return super.next();
        }

        @Override
        public void sync() {
            beforeSync.run();
            super.sync();
        }
    }
}
