/// One volume served alone, without a control plane: for benches, for tests, and for other people's tools.
///
/// - **Owns** the command `volume serve` and the life of its process.
/// - **May use** `storage.block`, `storage.nbd`, `storage.replication` (the empty place of the splitter), `core`.
/// - **Start at** [VolumeServe].
/// - **Threads** those of the NBD server; a shutdown hook closes it.
@NullMarked
package io.redoubt.node.serve;

import org.jspecify.annotations.NullMarked;
