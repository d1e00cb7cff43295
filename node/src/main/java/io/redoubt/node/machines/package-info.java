/// The machines that a node runs: started as told, adopted after a restart, stopped, watched.
///
/// - **Owns** what was told about machines, what is reported of them, and the freezing of guests for a cut.
/// - **May use** `compute`, `protocol`, `core`, and `node.storage` for their disks.
/// - **Start at** [Machines]; [Freezing] for points that applications find in order.
/// - **Threads** commands come on many; a watcher on a virtual thread for each start waits for the guest's agent, and one for each guest that does not thaw.
@NullMarked
package io.redoubt.node.machines;

import org.jspecify.annotations.NullMarked;
