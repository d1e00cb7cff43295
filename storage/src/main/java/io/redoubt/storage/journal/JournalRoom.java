// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

/// What a journal takes of its disk: log, kept segments, index and base.
///
/// @param bytes       in use; a log segment counts in full from when it is made
/// @param quotaBytes  at most: the quota, or less when the disk has less left
/// @param pinnedBytes of them stay for pins alone, as of the last sweep
public record JournalRoom(long bytes, long quotaBytes, long pinnedBytes) {
    public static final int THIN_PERCENT = 75;
    public static final int SHORTEN_PERCENT = 85;

    /// What is done about it, in this order (rule 37).
    public enum Pressure {
        NONE,
        /// From 75 %: everything that can go goes at once.
        THINNING,
        /// From 85 %: the oldest points go as well.
        SHORTENING,
        /// At the quota: no data is taken, and the source goes to TRACK.
        STOPPED
    }

    public int percent() {
        return (int) Math.min(100, (long) (100.0 * bytes / quotaBytes));
    }

    public Pressure pressure() {
        if (bytes >= quotaBytes) {
            return Pressure.STOPPED;
        }
        if (percent() >= SHORTEN_PERCENT) {
            return Pressure.SHORTENING;
        }
        return percent() >= THIN_PERCENT ? Pressure.THINNING : Pressure.NONE;
    }
}
