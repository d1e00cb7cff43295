// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.storage;

/// Where a volume comes from that was made out of a group's journal.
///
/// @param volume the member of the group
/// @param point  0 for a number between points
/// @param write  the number of the last write that it begins with; 0 for a point
public record Origin(String group, String volume, long point, long write) {

    /// As people read it.
    String words() {
        return point > 0
                ? "point %d of group %s".formatted(point, group)
                : "write %d of volume %s of group %s".formatted(write, volume, group);
    }
}
