/// The storage code on the real disk and real sockets: threads that race, and processes that are killed.
///
/// - **Start at** `KillNineTest`.
@NullMarked
package io.redoubt.simulation.process;

import org.jspecify.annotations.NullMarked;
