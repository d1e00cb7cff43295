// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

/// Takes ranges of a volume that somebody tells.
@FunctionalInterface
public interface RangeSink {
    /// @param offset bytes from the start of the volume
    void range(long offset, long length);
}
