// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import org.jspecify.annotations.Nullable;

/// A flush that, once it failed, never succeeds again in this process.
///
/// The kernel reports a failed write-back once and then calls the pages clean, so a second fdatasync would claim writes that
/// are lost.
final class StickyFlush {
    private final VolumeId volume;
    private volatile @Nullable String failure;

    StickyFlush(VolumeId volume) {
        this.volume = volume;
    }

    void run(Runnable sync) {
        String before = failure;
        if (before != null) {
            throw new FaultException(new VolumeFault.Untrusted(volume, before));
        }
        try {
            sync.run();
        } catch (FaultException e) {
            failure = e.fault().message();
            throw new FaultException(new VolumeFault.Untrusted(volume, e.fault().message()), e);
        }
        String meanwhile = failure;
        if (meanwhile != null) {
            // another thread's flush met the error, and this one, after it, did not
            throw new FaultException(new VolumeFault.Untrusted(volume, meanwhile));
        }
    }
}
