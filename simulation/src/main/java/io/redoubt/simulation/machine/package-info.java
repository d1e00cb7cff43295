/// A host that exists only in memory: its disks lose what no returned sync covers, its clock drifts, it dies when told.
///
/// - **Owns** the simulated drivers of the ports, and what a process crash and a power loss leave behind.
/// - **May use** `core`.
/// - **Start at** [SimHost].
/// - **Threads** one: a simulation is a single thread.
@NullMarked
package io.redoubt.simulation.machine;

import org.jspecify.annotations.NullMarked;
