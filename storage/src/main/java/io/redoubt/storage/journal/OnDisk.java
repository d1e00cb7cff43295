// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.port.Disk;
import java.util.Optional;

/// What a journal has on its disk, opened: who writes, sweeps and reads share it.
record OnDisk(
        Disk disk,
        ManifestFile manifest,
        Segments segments,
        Index index,
        Base base,
        BlockReader reader,
        BlockSeal seal,
        Damages damages) {

    static OnDisk of(Disk disk, Manifest start, BlockSeal seal) {
        var segments = new Segments(disk, start.lineage());
        var index = new Index();
        var base = new Base(disk, seal);
        var damages = new Damages(index);
        return new OnDisk(
                disk,
                new ManifestFile(disk, start),
                segments,
                index,
                base,
                new BlockReader(segments, index, base, seal, damages),
                seal,
                damages);
    }

    /// Opens base and index as the manifest names them.
    ///
    /// @return why one of the runs cannot be used; then the index has none of them
    Optional<JournalFault> open() {
        base.open(manifest.now());
        return index.open(disk, manifest.now().runs(), manifest.now().horizon());
    }
}
