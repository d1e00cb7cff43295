/// The machines that a node runs: started as told, adopted after a restart, stopped, watched.
///
/// - **Owns** what was told about machines, and what is reported of them.
/// - **May use** `compute`, `protocol`, `core`, and `node.storage` for their disks.
/// - **Start at** [Machines].
/// - **Threads** commands come on many; a watcher on a virtual thread for each start waits for the guest's agent.
@NullMarked
package io.redoubt.node.machines;

import org.jspecify.annotations.NullMarked;
