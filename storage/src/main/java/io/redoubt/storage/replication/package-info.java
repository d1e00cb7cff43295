/// Replication of a group's volumes to the journal in another zone: numbering, spool, dirty map, passes, cuts, stream.
///
/// - **Owns** what the source does with a write, what travels, and what the receiver makes of it. Decisions are cores without threads:
///   [SourceVolume], [GroupSource], [GroupReceiver]; the shell around them is [SourceLink], [CutMaker] and [ReceiverServer].
/// - **May use** `block`, `journal`, `core`.
/// - **Start at** [SourceVolume] for the write path, [GroupSource] for the way out, [GroupReceiver] for the other side.
/// - **Threads** any number write to a [SourceVolume]; [GroupSource] and [GroupReceiver] are guarded by one lock each.
@NullMarked
package io.redoubt.storage.replication;

import org.jspecify.annotations.NullMarked;
