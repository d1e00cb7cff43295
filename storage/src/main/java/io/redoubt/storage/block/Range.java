// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;

/// The one check that a range lies inside an image; every layer that touches bytes makes it first.
public final class Range {
    private Range() {}

    /// No sum is formed that could overflow.
    ///
    /// @throws FaultException with [VolumeFault.OutOfRange]
    public static void require(VolumeId volume, long offset, long length, long size) {
        if (offset < 0 || length < 0 || length > size || offset > size - length) {
            throw new FaultException(new VolumeFault.OutOfRange(volume, offset, length, size));
        }
    }
}
