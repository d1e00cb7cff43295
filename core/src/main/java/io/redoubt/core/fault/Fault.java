// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core.fault;

/// A foreseen failure. Each part of the system seals its own kinds under this.
public interface Fault {
    /// What happened, with its numbers; a tenant may read it.
    String message();

    /// What the reader can do next.
    String remedy();
}
