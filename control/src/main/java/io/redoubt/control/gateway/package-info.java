/// The nodes' side of the control plane: one gRPC port, one session per node, commands and their answers.
///
/// - **Owns** the sessions, the waiting for results, the gate that checks certificates.
/// - **May use** `protocol`, `workflow` (to say "later"), `web` (to say no).
/// - **Start at** [Nodes] to command, [NodeListener] to hear.
/// - **Threads** calls run on virtual threads; reports of one node are handed on one after the other, the newest wins.
@NullMarked
package io.redoubt.control.gateway;

import org.jspecify.annotations.NullMarked;
