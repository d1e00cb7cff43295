// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import java.nio.ByteBuffer;

/// A random-access image that can be read: a template, a view of a journal at a recovery point, a volume.
public interface BlockImage {
    /// Bytes, a multiple of 512.
    long size();

    /// Fills the buffer from its position to its limit.
    ///
    /// @param offset bytes from the start of the image, any alignment
    /// @throws io.redoubt.core.fault.FaultException with [VolumeFault.OutOfRange] when the range is not inside
    ///     the image, with [VolumeFault.Damaged] when the bytes cannot be trusted: never other data
    void read(long offset, ByteBuffer into);
}
