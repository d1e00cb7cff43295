// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.workflow;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What was asked for and how far it is.
///
/// @param target the id of the thing that it makes or changes
/// @param change rises with every change of this record
/// @param fault  why it is walked back or failed; null otherwise
public record Operation(
        String id,
        String tenant,
        String kind,
        String target,
        State state,
        long change,
        Instant createdAt,
        @Nullable Instant endedAt,
        List<StepState> steps,
        @Nullable Failure fault) {

    public enum State {
        RUNNING,
        UNDOING,
        SUCCEEDED,
        FAILED;

        public boolean ended() {
            return this == SUCCEEDED || this == FAILED;
        }
    }

    /// @param note what it waits for, while it waits
    public record StepState(
            int seq,
            String name,
            Progress state,
            int attempts,
            @Nullable Instant startedAt,
            @Nullable Instant endedAt,
            @Nullable String note) {}

    public enum Progress {
        WAITING,
        RUNNING,
        DONE,
        FAILED,
        UNDONE
    }

    /// @param cause a stable word, `no-room`
    public record Failure(String cause, String message, String remedy) {}
}
