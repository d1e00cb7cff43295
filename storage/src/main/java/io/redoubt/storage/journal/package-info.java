/// The recovery journal: every write to the volumes of a group, in order, and read-only views of them at any kept recovery point.
///
/// - **Owns** the log and its records, the sorted runs that index it, the manifest, the repair of a torn tail.
/// - **May use** `block`, `core`. It opens no socket, reads no clock, starts no thread.
/// - **Start at** [Journal]; the bytes are drawn in `docs/formats/journal.md`.
/// - **Threads** one writer for each journal, any number of readers of views and points.
@NullMarked
package io.redoubt.storage.journal;

import org.jspecify.annotations.NullMarked;
