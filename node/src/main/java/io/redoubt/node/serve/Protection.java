// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.serve;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.core.system.SystemClock;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.storage.atrest.FileRegionKey;
import io.redoubt.storage.atrest.KeyFault;
import io.redoubt.storage.atrest.KeyWrapper;
import io.redoubt.storage.atrest.SealedDisk;
import io.redoubt.storage.atrest.Sealing;
import io.redoubt.storage.block.VolumeFault;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What protects the content at rest.
///
/// @param asked               for a volume that is made; one that exists has what its seal says
/// @param regionKey           the file of the region key, null when none was named
/// @param scrubBytesPerSecond of the background reader
record Protection(Sealing asked, @Nullable Path regionKey, long scrubBytesPerSecond) {

    SealedDisk over(Disk disk, Path directory, VolumeId volume) {
        Path key = regionKey;
        if (key != null && key.startsWith(directory)) {
            throw new FaultException(new KeyFault.Inside(key.toString(), directory.toString()));
        }
        return new SealedDisk(disk, volume, asked, () -> wrapper(volume), new SystemClock());
    }

    private KeyWrapper wrapper(VolumeId volume) {
        if (regionKey == null) {
            throw new FaultException(new VolumeFault.NoKey(volume));
        }
        return FileRegionKey.openOrMake(regionKey);
    }

    /// Protection is chosen when a volume is made, so asking an older one for more is refused.
    void requireAsAsked(SystemDisk disk, VolumeId volume) {
        Optional<Sealing> stored = SealedDisk.find(disk, volume);
        if (stored.isPresent()
                && ((asked.encrypted() && !stored.get().encrypted())
                        || (asked.checked() && !stored.get().checked()))) {
            throw new FaultException(
                    new VolumeFault.Different(
                            volume, "been made with", stored.get().toString(), asked.toString()));
        }
    }
}
