// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.workflow;

import java.time.Duration;
import java.util.Locale;

/// One thing that a workflow makes, with its undo beside it.
///
/// Both are called again after a crash, so both find what they did before by the ids in the input. An undo without a run does
/// nothing.
///
/// @param <I> the workflow's input
public interface Step<I> {
    /// How long a step may answer [RetryLater] before the operation is walked back, unless it says otherwise.
    Duration PATIENCE = Duration.ofMinutes(2);

    /// @throws RetryLater when it cannot be done yet
    /// @throws io.redoubt.core.fault.FaultException when it cannot be done at all; the operation is walked back
    void run(I input);

    /// @throws RetryLater when it cannot be done yet
    default void undo(I input) {}

    /// Counted from the step's first start.
    default Duration patience() {
        return PATIENCE;
    }

    /// `MakeFiles` is shown as `make-files`.
    default String name() {
        return getClass()
                .getSimpleName()
                .replaceAll("([a-z0-9])([A-Z])", "$1-$2")
                .toLowerCase(Locale.ROOT);
    }
}
