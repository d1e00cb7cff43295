// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

/// What a volume does with a write.
public enum Mode {
    /// The spool has it and ships it; points are published.
    STREAM(0, true, false),
    /// Only the dirty map knows of it.
    TRACK(1, false, true),
    /// A pass runs and the spool has what came after its start.
    SYNC(2, true, true),
    /// A pass runs and the spool overflowed meanwhile: another pass follows.
    SYNC_TRACK(3, false, true);

    final int code;

    /// Writes go to the spool.
    final boolean spools;

    /// Writes are marked in the leaves of the dirty map.
    final boolean marks;

    Mode(int code, boolean spools, boolean marks) {
        this.code = code;
        this.spools = spools;
        this.marks = marks;
    }

    static Mode of(int code) {
        return switch (code) {
            case 0 -> STREAM;
            case 1 -> TRACK;
            case 2 -> SYNC;
            default -> SYNC_TRACK;
        };
    }
}
