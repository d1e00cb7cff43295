/// NBD, the protocol in which guests and tools read and write volumes: a server on a Unix socket, or over TCP with TLS, and a client that
/// lives through cut connections.
///
/// - **Owns** the wire format (the NBD protocol document of NetworkBlockDevice/nbd), the socket file, the limits of a peer.
/// - **May use** `storage.block`, `core`.
/// - **Start at** [NbdServer]; a connection's life is [Handshake], then [Transmission]. A client's is [NbdClient], then [Conversation].
/// - **Threads** one platform thread for each connection, which executes reads and writes itself; one more for its flushes and
///   zeroing, so that they never hold up its other requests; one that accepts and one that watches for peers that stall.
@NullMarked
package io.redoubt.storage.nbd;

import org.jspecify.annotations.NullMarked;
