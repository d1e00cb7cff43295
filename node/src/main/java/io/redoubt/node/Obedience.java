// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node;

import io.redoubt.node.storage.Told;
import io.redoubt.protocol.Welcome;

/// Which control plane this node obeys: the highest incarnation that it met, durably before it hears anything of it (rule 4). What an older
/// one decided, which may still run somewhere, or another that was started over an old copy of the database, is not heard.
final class Obedience {
    private static final String KIND = "control";
    private static final String ID = "plane";

    private final Told told;
    private volatile Welcome bound;

    Obedience(Told told) {
        this.told = told;
        this.bound = told.find(KIND, ID, Welcome.parser()).orElse(Welcome.getDefaultInstance());
    }

    /// @return whether the one that welcomes is obeyed from here on
    synchronized boolean takes(Welcome welcome) {
        if (welcome.getIncarnation() > bound.getIncarnation()) {
            told.put(KIND, ID, welcome);
            bound = welcome;
            return true;
        }
        return welcome.getIncarnation() == bound.getIncarnation()
                && welcome.getLife().equals(bound.getLife());
    }

    /// The one that is obeyed; its incarnation is 0 before the first.
    Welcome bound() {
        return bound;
    }
}
