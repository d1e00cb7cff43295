// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.core.VolumeId;
import io.redoubt.core.port.Disk;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.storage.pool.Directories;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// The directories of a datastore's volumes, below its own.
///
/// @param directory the datastore's
record SystemDirectories(Path directory) implements Directories {
    @Override
    public List<VolumeId> list() {
        try (Stream<Path> all = Files.list(directory)) {
            return all.filter(Files::isDirectory)
                    .map(path -> new VolumeId(path.getFileName().toString()))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public Disk open(VolumeId volume) {
        Path path = of(volume);
        boolean fresh = !Files.isDirectory(path);
        var disk = new SystemDisk(path);
        if (fresh) {
            new SystemDisk(directory).sync();
        }
        return disk;
    }

    @Override
    public void remove(VolumeId volume) {
        Volumes.deleteTree(of(volume));
        new SystemDisk(directory).sync();
    }

    Path of(VolumeId volume) {
        return directory.resolve(volume.value());
    }
}
