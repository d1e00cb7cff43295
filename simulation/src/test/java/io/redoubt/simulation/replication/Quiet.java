// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.replication;

import java.util.logging.Level;
import java.util.logging.Logger;

/// Keeps the changes of state and the alarms of thousands of simulated volumes and journals out of the log.
final class Quiet {
    /// Held, because a logger that nobody holds forgets its level.
    private static final Logger STORAGE = Logger.getLogger("io.redoubt.storage");

    private Quiet() {}

    static void storage() {
        STORAGE.setLevel(Level.SEVERE);
    }
}
