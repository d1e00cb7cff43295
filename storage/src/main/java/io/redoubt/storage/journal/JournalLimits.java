// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

/// The sizes that shape a journal on disk.
///
/// @param segmentBytes   room of one log segment, allocated when it is made
/// @param runEntries     block versions kept in memory before they are written as a run; a start reads as many again with their data, 256 MiB
///                       of them by default
/// @param quotaBytes     no data is taken beyond it; see [JournalRoom]
public record JournalLimits(int segmentBytes, int runEntries, long quotaBytes) {
    public static final long NO_QUOTA = Long.MAX_VALUE;
    public static final JournalLimits DEFAULT = new JournalLimits(64 << 20, 1 << 16);

    public JournalLimits {
        if (segmentBytes < 128 << 10 || runEntries < 1 || quotaBytes < segmentBytes) {
            throw new IllegalArgumentException(
                    "a segment needs 128 KiB or more, a run 1 entry or more and a quota a segment or more, not %d, %d and %d"
                            .formatted(segmentBytes, runEntries, quotaBytes));
        }
    }

    public JournalLimits(int segmentBytes, int runEntries) {
        this(segmentBytes, runEntries, NO_QUOTA);
    }

    public JournalLimits withQuota(long bytes) {
        return new JournalLimits(segmentBytes, runEntries, bytes);
    }
}
