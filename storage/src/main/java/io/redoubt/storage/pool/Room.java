// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.pool;

/// A datastore's book at one moment, in bytes. `thick + thin + saved + free = size`, always.
///
/// @param thick   promised to thick volumes
/// @param thin    written by thin volumes, in grains
/// @param saved   kept for snapshots of either
/// @param mayGrow what thin volumes could still write: above `free` the datastore is overcommitted
/// @param spare   room beside the size for maps and small files, still free
/// @param reserve held in the reserve file; at least free + spare once nothing is missing
/// @param missing what should be held and is not, because something else fills the file system
/// @param sparse  for tests: nothing is held, `size` is only a number
public record Room(
        long size,
        long thick,
        long thin,
        long saved,
        long mayGrow,
        long free,
        long spare,
        long reserve,
        long missing,
        boolean sparse) {}
