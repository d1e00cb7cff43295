// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.pool;

import io.redoubt.core.Bytes;

/// What a volume was promised.
///
/// @param thin room comes with the writes, and only while the datastore has some; thick: room behind every byte from the beginning
public record Allotment(Bytes size, boolean thin) {
    @Override
    public String toString() {
        return size + (thin ? " thin" : " thick");
    }
}
