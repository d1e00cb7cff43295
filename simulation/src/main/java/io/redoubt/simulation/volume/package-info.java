/// One volume with all of its layers on a host that loses what was not synced.
///
/// - **Owns** the schedule of clients and crashes, and the oracle that says what may be shown.
/// - **May use** `simulation.machine`, `storage.*`, `core`.
/// - **Start at** [VolumeWorld].
/// - **Threads** one: a client that writes in the middle of another's call does so from inside of it.
@NullMarked
package io.redoubt.simulation.volume;

import org.jspecify.annotations.NullMarked;
