/// A journal's files, read by whoever has them: without a node, without a control plane, and without changing a byte.
///
/// - **Owns** the commands `journal inspect`, `journal verify` and `journal export`.
/// - **May use** `storage.journal`, `storage.block` (images, the lock of a node), `core`.
/// - **Start at** [JournalCommand].
/// - **Threads** the caller's.
@NullMarked
package io.redoubt.node.journal;

import org.jspecify.annotations.NullMarked;
