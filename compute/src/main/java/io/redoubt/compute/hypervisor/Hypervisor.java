// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.hypervisor;

import io.redoubt.core.MachineId;
import java.util.Optional;
import java.util.function.Consumer;

/// Runs machines on this host. A machine goes on when the JVM that started it ends, and a later one adopts it.
public interface Hypervisor {
    /// Starts a machine; one that is to start [MachineSpec#paused()] waits for [Machine#resume()].
    ///
    /// @param events told everything that happens to the machine by itself, in order, on one thread
    /// @throws io.redoubt.core.fault.FaultException with [HypervisorFault.RunsAlready] when it runs, under this JVM or an earlier one
    Machine start(MachineSpec spec, Consumer<MachineEvent> events);

    /// Takes over a machine that an earlier JVM started.
    ///
    /// @return empty when no process of it is left
    Optional<Machine> adopt(MachineId id, Consumer<MachineEvent> events);

    /// Removes what is left of a machine that has ended: its logs and seeds. Nothing happens when nothing is left.
    ///
    /// @throws io.redoubt.core.fault.FaultException with [HypervisorFault.RunsAlready] when it has not ended
    void discard(MachineId id);
}
