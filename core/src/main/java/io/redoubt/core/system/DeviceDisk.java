// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core.system;

import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import java.nio.file.Path;
import java.util.List;

/// A directory in which one name stands for a whole block device; the other names are files.
///
/// Making that name turns the device into zeros; deleting it leaves the device alone. The device is opened for this process alone, so one
/// that is mounted, or served from another directory, is refused.
public final class DeviceDisk implements Disk {
    private final SystemDisk directory;
    private final String name;
    private final Path device;

    /// @param name what the device is called in the directory
    public DeviceDisk(Path directory, String name, Path device) {
        this.directory = new SystemDisk(directory);
        this.name = name;
        this.device = device.toAbsolutePath();
    }

    /// Its bytes.
    ///
    /// @throws io.redoubt.core.fault.FaultException with a [io.redoubt.core.port.DiskFault] when it cannot be had alone
    public static long sizeOf(Path device) {
        try (DeviceFile file = DeviceFile.open(device)) {
            return file.size();
        }
    }

    @Override
    public DiskFile open(String file) {
        return file.equals(name) ? DeviceFile.open(device) : directory.open(file);
    }

    @Override
    public DiskFile create(String file) {
        if (!file.equals(name)) {
            return directory.create(file);
        }
        DeviceFile made = DeviceFile.open(device);
        made.zero(0, made.size());
        return made;
    }

    @Override
    public boolean exists(String file) {
        return file.equals(name) || directory.exists(file);
    }

    @Override
    public List<String> list() {
        return directory.list();
    }

    @Override
    public void rename(String from, String to) {
        directory.rename(from, to);
    }

    @Override
    public void delete(String file) {
        if (!file.equals(name)) {
            directory.delete(file);
        }
    }

    @Override
    public void sync() {
        directory.sync();
    }

    @Override
    public long freeBytes() {
        return directory.freeBytes();
    }
}
