/// The processes, sockets and users of the host that compute works with.
///
/// - **Owns** running a command to its end, following a process that this JVM did not start, lines over a Unix socket, and
///   the question whether another user can reach a path.
/// - **May use** `core.fault`. It knows no machine and no template.
/// - **Start at** [Command] for short commands, [HostProcess] for long-lived ones.
/// - **Threads** one virtual thread for each open socket and for each running command.
@NullMarked
package io.redoubt.compute.host;

import org.jspecify.annotations.NullMarked;
