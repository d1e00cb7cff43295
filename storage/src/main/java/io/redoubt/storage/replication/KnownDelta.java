// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.port.Disk;

/// Whether the dirty map of a volume began with all that differs from the volume that its replica was begun with.
///
/// A name in the source's directory: it is made durable after the marks, so it never says too much.
final class KnownDelta {
    private static final String NAME = "delta-known";

    private final Disk disk;
    private volatile boolean known;

    KnownDelta(Disk disk) {
        this.disk = disk;
        this.known = disk.exists(NAME);
    }

    boolean known() {
        return known;
    }

    void know() {
        if (!known) {
            disk.create(NAME).close();
            disk.sync();
            known = true;
        }
    }
}
