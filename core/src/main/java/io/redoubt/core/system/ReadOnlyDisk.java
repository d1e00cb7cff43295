// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core.system;

import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;

/// A directory that is looked at and stays as it is, also when its owner would let us change it.
public final class ReadOnlyDisk implements Disk {
    private final Disk directory;
    private final Function<String, DiskFile> opener;

    /// @param opener of its files
    public ReadOnlyDisk(Disk directory, Function<String, DiskFile> opener) {
        this.directory = directory;
        this.opener = opener;
    }

    /// @param directory that exists
    public static ReadOnlyDisk of(Path directory) {
        var disk = new SystemDisk(directory);
        return new ReadOnlyDisk(disk, disk::openForReading);
    }

    @Override
    public DiskFile open(String name) {
        return opener.apply(name);
    }

    @Override
    public boolean exists(String name) {
        return directory.exists(name);
    }

    @Override
    public List<String> list() {
        return directory.list();
    }

    @Override
    public long freeBytes() {
        return directory.freeBytes();
    }

    @Override
    public DiskFile create(String name) {
        throw unchangeable();
    }

    @Override
    public void rename(String from, String to) {
        throw unchangeable();
    }

    @Override
    public void delete(String name) {
        throw unchangeable();
    }

    @Override
    public void sync() {
        throw unchangeable();
    }

    private static UnsupportedOperationException unchangeable() {
        return new UnsupportedOperationException("a directory that is only read");
    }
}
