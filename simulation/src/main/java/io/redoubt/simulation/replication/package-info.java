/// A group's source and receiver on simulated hosts, driven by one seed, and the oracle that says what every point must show.
///
/// - **Owns** the simulated network, the load, the faults, and the checks of the invariants.
/// - **May use** `simulation.machine`, `storage`, `core`.
/// - **Start at** [GroupWorld].
/// - **Threads** one: the same seed gives the same run.
@NullMarked
package io.redoubt.simulation.replication;

import org.jspecify.annotations.NullMarked;
