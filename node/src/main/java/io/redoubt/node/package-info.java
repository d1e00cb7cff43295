/// The process of a host: it wires storage and compute, and holds no truth of its own.
///
/// - **Owns** the command line of the process.
/// - **May use** its own packages, one for each subcommand.
/// - **Start at** [NodeMain].
/// - **Threads** those of the subcommand.
@NullMarked
package io.redoubt.node;

import org.jspecify.annotations.NullMarked;
