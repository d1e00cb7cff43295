// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

/// The sizes that shape a journal on disk.
///
/// @param segmentBytes   room of one log segment, allocated when it is made
/// @param runEntries     block versions kept in memory before they are written as a run
public record JournalLimits(int segmentBytes, int runEntries) {
    public static final JournalLimits DEFAULT = new JournalLimits(64 << 20, 1 << 18);

    public JournalLimits {
        if (segmentBytes < 128 << 10 || runEntries < 1) {
            throw new IllegalArgumentException(
                    "a segment needs 128 KiB or more and a run 1 entry or more, not %d and %d"
                            .formatted(segmentBytes, runEntries));
        }
    }
}
