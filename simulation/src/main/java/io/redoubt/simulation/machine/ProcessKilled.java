// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.machine;

/// Ends the simulated process at once: no `catch` for exceptions of the code under test sees it.
public final class ProcessKilled extends Error {
    ProcessKilled(String where) {
        super(where, null, false, false);
    }
}
