// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.pool;

import io.redoubt.core.VolumeId;
import io.redoubt.core.port.Disk;
import java.util.List;

/// The directories of a datastore's volumes, one for each.
public interface Directories {
    /// Those that are there.
    List<VolumeId> list();

    /// Made when it does not exist, and then durable.
    Disk open(VolumeId volume);

    /// With everything in it, durably. Nothing happens when it does not exist.
    void remove(VolumeId volume);
}
