// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
/// Snapshots of a volume: the old data is copied away before it is overwritten for the first time.
///
/// - **Owns** `snapshots.meta` and `snapshots.raw` in a volume's directory: `docs/formats/volume.md`.
/// - **May use** `storage.block`, `core`. It opens no socket and reads no clock.
/// - **Start at** [SnapshotDevice]; then [SnapshotTable] (which there are) and [GrainStore] (what was saved for them).
/// - **Threads** any number of writers and readers; one change of the table at a time; freed room is collected by an executor.
@NullMarked
package io.redoubt.storage.snapshot;

import org.jspecify.annotations.NullMarked;
