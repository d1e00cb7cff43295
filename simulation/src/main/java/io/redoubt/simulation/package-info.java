/// The command that runs seeds.
///
/// - **Owns** `redoubt sim`.
/// - **May use** `simulation.replication`, `simulation.volume`, `simulation.machine`.
/// - **Start at** [SimMain].
@NullMarked
package io.redoubt.simulation;

import org.jspecify.annotations.NullMarked;
