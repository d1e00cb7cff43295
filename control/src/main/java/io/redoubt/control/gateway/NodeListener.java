// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.gateway;

import io.redoubt.protocol.Hello;
import io.redoubt.protocol.Report;

/// A feature that hears what nodes say of themselves.
public interface NodeListener {
    /// A session began.
    default void hello(Hello hello) {}

    /// What the node reports now, at most a second old. Reports may be skipped, never reordered.
    default void report(String node, Report report) {}
}
