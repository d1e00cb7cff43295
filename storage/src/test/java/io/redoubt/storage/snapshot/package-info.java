/// Snapshots on a real disk: what they show, what they cost, and what happens without room.
///
/// - **Start at** [SnapshotDeviceTest].
@NullMarked
package io.redoubt.storage.snapshot;

import org.jspecify.annotations.NullMarked;
