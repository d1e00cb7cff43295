/// Durable operations: a workflow makes one thing or leaves nothing.
///
/// A workflow is a list of steps that can be repeated and taken back. Every id is chosen before the first step and travels in the
/// input. The state is in PostgreSQL; a crash anywhere is taken over, by the same process after its restart or by another one.
///
/// - **Owns** the tables `op` and `op_step`, and the order in which steps run and are undone.
/// - **May use** `core.fault`, JDBC, db-scheduler as the executor.
/// - **Start at** [Workflow] and [Engine].
/// - **Threads** one virtual thread for each running operation, one more for each branch of a stage.
@NullMarked
package io.redoubt.workflow;

import org.jspecify.annotations.NullMarked;
