/// Seeds of the simulated group: the promises of replication, and that each sync call carries one of them.
///
/// - **Start at** `GroupWorldTest`.
@NullMarked
package io.redoubt.simulation.replication;

import org.jspecify.annotations.NullMarked;
