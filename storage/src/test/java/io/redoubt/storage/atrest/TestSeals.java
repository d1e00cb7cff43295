// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import io.redoubt.core.VolumeId;
import io.redoubt.core.system.SystemClock;
import io.redoubt.core.system.SystemDisk;
import java.nio.file.Path;

/// Sealed directories for tests: the region key lies beside them.
final class TestSeals {
    static final VolumeId ID = new VolumeId("vol-7");
    static final Sealing BOTH = new Sealing(true, true);

    private TestSeals() {}

    static SealedDisk disk(Path directory, Sealing sealing) {
        return disk(directory, sealing, directory.resolveSibling("region.key"));
    }

    static SealedDisk disk(Path directory, Sealing sealing, Path key) {
        return new SealedDisk(
                new SystemDisk(directory),
                ID,
                sealing,
                () -> FileRegionKey.openOrMake(key),
                new SystemClock(),
                1 << 20);
    }
}
