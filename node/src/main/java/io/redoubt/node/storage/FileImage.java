// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.core.VolumeId;
import io.redoubt.core.port.DiskFile;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.storage.block.BlockImage;
import io.redoubt.storage.block.Range;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Objects;

/// A raw file that never changes: a template.
final class FileImage implements BlockImage {
    private final VolumeId name;
    private final DiskFile file;
    private final long size;

    FileImage(String name, Path path) {
        this.name = new VolumeId(name);
        Path directory = Objects.requireNonNull(path.toAbsolutePath().getParent());
        this.file = new SystemDisk(directory).openForReading(path.getFileName().toString());
        this.size = file.size();
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public void read(long offset, ByteBuffer into) {
        Range.require(name, offset, into.remaining(), size);
        file.read(offset, into);
    }
}
