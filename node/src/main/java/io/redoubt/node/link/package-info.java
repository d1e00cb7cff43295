/// The node's word with the control plane: joining the region, one session that is made anew for ever, grants.
///
/// - **Owns** the node's certificate and the conversation; it decides nothing about volumes and machines.
/// - **May use** `protocol`, `core`.
/// - **Start at** [ControlSession].
/// - **Threads** one keeps the session alive and reports; each command runs on a virtual thread of its own.
@NullMarked
package io.redoubt.node.link;

import org.jspecify.annotations.NullMarked;
