// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.core.VolumeId;
import io.redoubt.core.port.Clock;
import io.redoubt.core.port.Disk;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.protocol.EnsureVolume;
import io.redoubt.storage.atrest.FileRegionKey;
import io.redoubt.storage.atrest.Scrub;
import io.redoubt.storage.atrest.Scrubber;
import io.redoubt.storage.atrest.SealedDisk;
import io.redoubt.storage.atrest.Sealing;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/// Encryption, integrity and scrub of this node's volumes.
///
/// The region key is a file of this node's home, made once; a later release gets it from the control plane.
final class AtRest implements AutoCloseable {
    private static final long SCRUB_BYTES_PER_SECOND = 16 << 20;

    private final Path regionKey;
    private final Clock clock;
    private final Map<String, SealedDisk> contents = new ConcurrentSkipListMap<>();
    private @Nullable Scrubber scrubber;

    AtRest(Path regionKey, Clock clock) {
        this.regionKey = regionKey;
        this.clock = clock;
    }

    /// The directory of a volume, with its content protected as it was made, or as it is wanted when it is made now.
    synchronized SealedDisk over(Disk disk, VolumeId id, EnsureVolume wanted) {
        var sealing = new Sealing(wanted.getEncrypt(), wanted.getIntegrity());
        var content =
                new SealedDisk(disk, id, sealing, () -> FileRegionKey.openOrMake(regionKey), clock);
        contents.put(id.value(), content);
        if (scrubber == null) {
            scrubber = Scrubber.start(this::scrubs, SCRUB_BYTES_PER_SECOND);
        }
        return content;
    }

    private Collection<Scrub> scrubs() {
        return contents.values().stream().flatMap(content -> content.scrub().stream()).toList();
    }

    /// Makes what is left of a volume unreadable, durably. A deletion that was cut off does it again.
    void erase(String volume, Path directory) {
        contents.remove(volume);
        if (Files.isDirectory(directory)) {
            SealedDisk.erase(new SystemDisk(directory));
        }
    }

    /// Returns when no scrub runs any more.
    @Override
    public synchronized void close() {
        if (scrubber != null) {
            scrubber.close();
            scrubber = null;
        }
    }
}
