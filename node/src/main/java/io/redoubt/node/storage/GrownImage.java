// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.core.VolumeId;
import io.redoubt.storage.block.BlockImage;
import io.redoubt.storage.block.Range;
import java.nio.ByteBuffer;

/// An image with zeros behind it, up to the size of the volume that is made from it.
record GrownImage(BlockImage image, long size, VolumeId volume) implements BlockImage {
    GrownImage {
        if (size < image.size()) {
            throw new IllegalArgumentException(
                    "a volume of %d bytes cannot be made from a template of %d"
                            .formatted(size, image.size()));
        }
    }

    @Override
    public void read(long offset, ByteBuffer into) {
        Range.require(volume, offset, into.remaining(), size);
        int inside = Math.clamp(image.size() - offset, 0, into.remaining());
        if (inside > 0) {
            int limit = into.limit();
            into.limit(into.position() + inside);
            image.read(offset, into);
            into.position(into.limit()).limit(limit);
        }
        into.put(new byte[into.remaining()]);
    }

    @Override
    public void extents(long offset, long length, ExtentSink sink) {
        Range.require(volume, offset, length, size);
        long inside = Math.clamp(image.size() - offset, 0, length);
        var more = new boolean[] {true};
        if (inside > 0) {
            image.extents(offset, inside, (bytes, kind) -> more[0] = sink.extent(bytes, kind));
        }
        if (more[0] && inside < length) {
            sink.extent(length - inside, Kind.HOLE);
        }
    }
}
