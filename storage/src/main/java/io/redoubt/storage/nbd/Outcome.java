// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.block.VolumeFault;

/// How a request ended: an NBD error number and words for it.
record Outcome(int error, String text) {
    static final Outcome OK = new Outcome(Wire.OK, "");

    /// ESHUTDOWN is never among them: QEMU hands it to the guest instead of connecting again.
    static Outcome of(FaultException e) {
        return new Outcome(
                e.fault() instanceof VolumeFault fault ? error(fault) : Wire.EIO,
                e.fault().message());
    }

    private static int error(VolumeFault fault) {
        return switch (fault) {
            case VolumeFault.OutOfRange _ -> Wire.EINVAL;
            case VolumeFault.Fenced _, VolumeFault.Closed _, VolumeFault.NotRaised _ -> Wire.EPERM;
            case VolumeFault.Full _ -> Wire.ENOSPC;
            case VolumeFault.Damaged _,
                    VolumeFault.DiskFailed _,
                    VolumeFault.SourceGone _,
                    VolumeFault.Untrusted _,
                    VolumeFault.BadFile _,
                    VolumeFault.Different _,
                    VolumeFault.Exists _,
                    VolumeFault.NumberTaken _,
                    VolumeFault.DrainStuck _,
                    VolumeFault.WrongKey _,
                    VolumeFault.NoKey _,
                    VolumeFault.Erased _,
                    VolumeFault.NoCipher _,
                    VolumeFault.Owned _ ->
                    Wire.EIO;
        };
    }
}
