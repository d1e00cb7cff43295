// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

/// What may happen to a source, its receiver and the link between them.
enum LinkFault {
    SOURCE_KILLED,
    RECEIVER_KILLED,
    SOURCE_STOPPED,
    RECEIVER_STOPPED,
    LINK_CUT,
    LINK_SLOW,
    LINK_DELAYED,
    RECEIVER_FULL;

    /// Whether the guest could have noticed: its own host was struck.
    boolean atSource() {
        return this == SOURCE_KILLED || this == SOURCE_STOPPED;
    }

    /// Whether no point can be made for as long as it lasts.
    boolean stopsPoints() {
        return this != SOURCE_KILLED;
    }
}
