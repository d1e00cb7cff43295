// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// The image below an overlay, until it is dropped; its faults in the words of the volume, and what guests missed.
final class OverlaySource {
    private final VolumeId id;
    private final String name;
    private volatile @Nullable BlockImage image;
    private volatile @Nullable Misses misses; // noted while somebody copies

    OverlaySource(VolumeId id, String name, BlockImage image) {
        this.id = id;
        this.name = name;
        this.image = image;
    }

    /// Nothing once everything is own.
    @Nullable BlockImage image() {
        return image;
    }

    /// Reads for a guest.
    ///
    /// @return false when there is no image any more
    /// @throws FaultException with [VolumeFault.SourceGone]
    boolean read(long at, ByteBuffer into) {
        BlockImage present = image;
        if (present == null) {
            return false;
        }
        fetch(present, at, into);
        Misses noted = misses;
        if (noted != null) {
            noted.note(at);
        }
        return true;
    }

    /// Reads for whoever makes it own.
    ///
    /// @param present what [#image()] was
    void fetch(BlockImage present, long at, ByteBuffer into) {
        try {
            present.read(at, into);
        } catch (FaultException e) {
            throw e.fault() instanceof VolumeFault
                    ? e
                    : new FaultException(
                            new VolumeFault.SourceGone(id, name, at, e.fault().message()), e);
        }
    }

    /// From now on reads of what is not own are noted. One caller.
    Misses noteMisses() {
        var noted = new Misses();
        misses = noted;
        return noted;
    }

    void drop() {
        image = null;
        misses = null;
    }
}
