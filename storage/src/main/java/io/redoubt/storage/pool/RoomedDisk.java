// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.pool;

import io.redoubt.core.VolumeId;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import java.util.List;

/// A volume's directory whose files draw their room from a datastore.
///
/// @param thin content files get their room with the writes
record RoomedDisk(Holding holding, VolumeId volume, Disk next, boolean thin) implements Disk {
    @Override
    public DiskFile open(String name) {
        return new RoomedFile(this, name, next.open(name));
    }

    @Override
    public DiskFile create(String name) {
        return new RoomedFile(this, name, holding.making(() -> next.create(name)));
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
        holding.renamed(volume, from, to);
    }

    /// Its room goes back slice by slice, so that at no moment more than a slice is nobody's.
    @Override
    public void delete(String name) {
        if (next.exists(name)) {
            empty(name);
            next.delete(name);
            holding.removed(volume, name);
        }
    }

    /// Frees the room of all files; the files themselves are for [Directories#remove].
    void clear() {
        next.list().forEach(this::empty);
    }

    private void empty(String name) {
        long slice = holding.rules().slice();
        try (DiskFile file = next.open(name)) {
            if (file.room() < holding.rules().small()) {
                return;
            }
            long size = file.size();
            while (size > 0) {
                long rest = Math.max(0, size - slice);
                holding.give(volume, name, file, size - rest, () -> file.truncate(rest));
                size = rest;
            }
        }
    }

    @Override
    public void sync() {
        next.sync();
    }

    /// For snapshots, who alone ask: what the others need is promised already.
    @Override
    public long freeBytes() {
        return holding.freeForSaved();
    }
}
