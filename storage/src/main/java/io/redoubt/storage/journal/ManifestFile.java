// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.port.Disk;

/// The manifest in force: what is in memory is what is durable, or the call that should make it so threw.
final class ManifestFile {
    private final Disk disk;
    private volatile Manifest now;

    ManifestFile(Disk disk, Manifest now) {
        this.disk = disk;
        this.now = now;
    }

    Manifest now() {
        return now;
    }

    void replace(Manifest changed) {
        changed.store(disk);
        now = changed;
    }
}
