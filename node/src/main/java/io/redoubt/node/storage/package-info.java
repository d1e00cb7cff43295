/// What a node keeps for the region: volumes and their exports, both sides of replication, views.
///
/// - **Owns** the directories below its home, and the record of what it was told.
/// - **May use** `storage`, `compute` for templates, `protocol`, `core`.
/// - **Start at** [NodeStorage].
/// - **Threads** commands come on many; each object is guarded by one lock.
@NullMarked
package io.redoubt.node.storage;

import org.jspecify.annotations.NullMarked;
