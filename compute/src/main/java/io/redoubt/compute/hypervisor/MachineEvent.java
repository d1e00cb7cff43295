// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.hypervisor;

/// Something that happened to a machine by itself or by our doing.
public sealed interface MachineEvent {
    record Paused() implements MachineEvent {}

    record Resumed() implements MachineEvent {}

    /// A disk refused a request, and the machine is paused for it.
    ///
    /// @param operation `read` or `write`
    record IoError(String disk, String operation, String reason) implements MachineEvent {}

    /// The guest reset itself.
    record Reset() implements MachineEvent {}

    /// @param reason QEMU's word: `guest-shutdown`, `host-qmp-quit`, …
    record ShutDown(String reason) implements MachineEvent {}

    /// The process has ended: the last event of a machine.
    record Gone() implements MachineEvent {}
}
