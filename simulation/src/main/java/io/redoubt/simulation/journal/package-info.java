/// A journal alone on a disk that loses, tears and turns: what it keeps, drops, moves and reports, against a plain replay.
///
/// - **Owns** the load, the faults and the checks of a journal's life.
/// - **May use** `storage.journal`, `simulation.machine`, the oracle of `simulation.replication`, `core`.
/// - **Start at** [JournalWorld].
/// - **Threads** one: a simulation is a single thread.
@NullMarked
package io.redoubt.simulation.journal;

import org.jspecify.annotations.NullMarked;
