// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.e2e;

/// What a boot cost besides waiting for its disks, in seconds.
///
/// A boot under emulation is mostly computing, and one and the same boot computes twice as long when the processors are shared with
/// somebody else's machines. Only what the guest waited for beyond its own computing can be the region's doing.
///
/// @param computed what the guest's processors ran
/// @param stolen   what the machine below this host gave to others meanwhile, on the processor that lost most
record BootWork(double computed, double stolen) {

    /// @param qemuPid    the QEMU of the guest that has just become ready
    /// @param stolenThen what [Processes#stolenSeconds] said before the boot
    static BootWork of(long qemuPid, double[] stolenThen) {
        double[] stolen = Processes.stolenSeconds();
        double most = 0;
        for (int i = 0; i < Math.min(stolen.length, stolenThen.length); i++) {
            most = Math.max(most, stolen[i] - stolenThen[i]);
        }
        return new BootWork(Processes.guestTicks(qemuPid) / 100.0, most);
    }

    /// How much longer this boot had to compute or to wait for a processor than that one.
    double beyond(BootWork bare) {
        return Math.max(0, computed + stolen - bare.computed - bare.stolen);
    }
}
