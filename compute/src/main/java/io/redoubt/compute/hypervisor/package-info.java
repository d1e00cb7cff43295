/// Machines as QEMU processes: started as a user without privileges, driven over QMP, adopted again by a later JVM.
///
/// - **Owns** the command line of QEMU, its monitor, the state of a machine, the measured choice of the accelerator.
/// - **May use** `core`, `core.fault`, `compute.host`. It knows no volume and no zone: a disk is a socket and an export's name.
/// - **Start at** [Hypervisor], the contract, and [Qemu], the real one.
/// - **Threads** a machine may be used by any thread; its events come on one thread, in order.
@NullMarked
package io.redoubt.compute.hypervisor;

import org.jspecify.annotations.NullMarked;
