/// Seeds of the simulated journal: what it keeps and what it lets go.
///
/// - **Start at** `JournalWorldTest`.
@NullMarked
package io.redoubt.simulation.journal;

import org.jspecify.annotations.NullMarked;
