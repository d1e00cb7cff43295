// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import java.util.List;
import java.util.Map;

/// The directory of a journal, with the files of volumes that lie elsewhere and that it adopted.
///
/// A volume's file stays where it is, sealed or not: under a name of this directory it is opened, never listed, renamed or deleted.
///
/// @param files by the names under which the journal knows them
record AdoptedDisk(Disk next, Map<String, Place> files) implements Disk {
    /// @param disk the volume's directory
    record Place(Disk disk, String name) {}

    @Override
    public DiskFile open(String name) {
        Place place = files.get(name);
        return place == null ? next.open(name) : place.disk().open(place.name());
    }

    @Override
    public boolean exists(String name) {
        Place place = files.get(name);
        return place == null ? next.exists(name) : place.disk().exists(place.name());
    }

    @Override
    public DiskFile create(String name) {
        requireOwn(name);
        return next.create(name);
    }

    @Override
    public List<String> list() {
        return next.list();
    }

    @Override
    public void rename(String from, String to) {
        requireOwn(from);
        requireOwn(to);
        next.rename(from, to);
    }

    @Override
    public void delete(String name) {
        requireOwn(name);
        next.delete(name);
    }

    private void requireOwn(String name) {
        if (files.containsKey(name)) {
            throw new IllegalArgumentException(
                    name + " is the file of a volume that lies elsewhere");
        }
    }

    @Override
    public void sync() {
        next.sync();
        files.values().forEach(place -> place.disk().sync());
    }

    @Override
    public long freeBytes() {
        return next.freeBytes();
    }
}
