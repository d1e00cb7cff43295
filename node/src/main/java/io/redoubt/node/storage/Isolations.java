// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.core.grant.Isolation;
import io.redoubt.core.grant.SourceEnd;
import io.redoubt.protocol.PromoteReceiver;

/// What the control plane says of isolated sources, in the words of the grants.
final class Isolations {
    private Isolations() {}

    static Isolation of(io.redoubt.protocol.Isolation told) {
        return new Isolation(told.getVersion(), told.getGoesOn());
    }

    static io.redoubt.protocol.Isolation told(Isolation isolation) {
        return io.redoubt.protocol.Isolation.newBuilder()
                .setVersion(isolation.version())
                .setGoesOn(isolation.goesOn())
                .build();
    }

    static SourceEnd end(PromoteReceiver promote) {
        if (promote.getSourceReleased()) {
            return SourceEnd.RELEASED;
        }
        return promote.getSourceOff() ? SourceEnd.OFF_BY_WORD : SourceEnd.UNHEARD;
    }
}
