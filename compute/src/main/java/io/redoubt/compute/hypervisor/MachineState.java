// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.hypervisor;

/// What a machine does at this moment.
public enum MachineState {
    /// Started paused; no instruction of the guest has run.
    PRELAUNCH,
    RUNNING,
    /// Halted by us.
    PAUSED,
    /// Halted by QEMU because a disk refused a request. The guest has not seen the error; [Machine#resume()] tries again.
    PAUSED_IO_ERROR,
    /// The guest has shut down or crashed; the process is still there.
    ENDED,
    /// No process.
    GONE;

    /// @param status what `query-status` calls it
    static MachineState of(String status) {
        return switch (status) {
            case "prelaunch", "inmigrate" -> PRELAUNCH;
            case "running" -> RUNNING;
            case "io-error" -> PAUSED_IO_ERROR;
            case "shutdown", "guest-panicked", "internal-error" -> ENDED;
            default -> PAUSED; // every other status of QEMU has its processors halted
        };
    }
}
