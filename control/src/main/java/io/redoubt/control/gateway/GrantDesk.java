// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.gateway;

import io.redoubt.protocol.ControlMessage;
import io.redoubt.protocol.GrantRequest;
import io.redoubt.protocol.Hello;

/// Answers the every-second request of a source. Must not wait for anything.
public interface GrantDesk {
    ControlMessage answer(String node, GrantRequest request);

    /// Of this start of the control plane; told to every node that says hello.
    Mark mark();

    /// Whether the node will obey this start.
    boolean isObeyedBy(Hello hello);
}
