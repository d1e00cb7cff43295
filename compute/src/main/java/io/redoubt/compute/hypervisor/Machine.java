// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.hypervisor;

import io.redoubt.compute.host.HostProcess;
import io.redoubt.core.Bytes;
import io.redoubt.core.MachineId;
import java.nio.file.Path;
import java.time.Duration;

/// A machine whose process was started or adopted. Each call is bounded; a machine that does not answer in time is a
/// [HypervisorFault.Silent], one without a process a [HypervisorFault.Gone].
public interface Machine extends AutoCloseable {
    MachineId id();

    HostProcess process();

    /// [MachineState#GONE] when the process has ended, without a fault.
    MachineState state();

    /// Lets the guest run: after a paused start, after [#pause()], and after an I/O error, whose request it tries again.
    void resume();

    /// Halts the processors; the guest notices nothing but the time.
    void pause();

    /// Whether a disk halted it because a write found no room, and that is not over: known to its QEMU alone, also to one that was adopted.
    boolean lacksRoom();

    /// Tells the guest that a disk has become larger. Its server has the new size already and the client has found that out by connecting
    /// anew; until then QEMU refuses.
    ///
    /// @throws io.redoubt.core.fault.FaultException with [HypervisorFault.Refused]
    void resizeDisk(String disk, Bytes size);

    /// Asks the guest to shut down and kills the process when it has not ended within the deadline.
    ///
    /// @return whether the guest ended by itself
    boolean shutDown(Duration deadline);

    /// Ends the process at once (SIGKILL) and waits until it is gone. Nothing happens when it is gone already.
    void kill();

    /// What the guest wrote to its serial line, over all its starts.
    SerialLog serial();

    /// Waits until the guest has written this text since its last start.
    ///
    /// @throws io.redoubt.core.fault.FaultException with [HypervisorFault.NotReady] or [HypervisorFault.Gone], with the last lines
    void awaitSerial(String text, Duration deadline);

    /// The socket of the guest agent.
    Path agentSocket();

    /// Lets go of the machine without touching it: the process goes on, another JVM may adopt it.
    @Override
    void close();
}
