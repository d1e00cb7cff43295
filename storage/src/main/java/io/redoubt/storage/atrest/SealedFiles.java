// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import io.redoubt.core.port.DiskFile;
import org.jspecify.annotations.Nullable;

/// The files behind a sealed one.
///
/// @param data   the stored bytes
/// @param sums   null without integrity
/// @param dirty  null without integrity
record SealedFiles(DiskFile data, @Nullable DiskFile sums, @Nullable DiskFile dirty) {
    void close() {
        data.close();
        if (sums != null) {
            sums.close();
        }
        if (dirty != null) {
            dirty.close();
        }
    }
}
