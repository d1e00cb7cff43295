/// Protection groups, recovery points, failovers: who may write, what is kept, how a machine comes back elsewhere.
///
/// - **Owns** the tables `protection_group`, `recovery_point`, `failover` and those beside them; the control plane's grants.
/// - **May use** `compute`, `storage`, `region`, `gateway`, `operations`, `core.grant`.
/// - **Start at** [FailoverWorkflows] for the order of a failover, [Grants] for who may acknowledge a write.
/// - **Threads** grants are answered from memory, each group under its own lock; what must be durable is written before it counts.
@NullMarked
package io.redoubt.control.recovery;

import org.jspecify.annotations.NullMarked;
