// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.grant.GrantHolder.Standing;

/// Whether the group's writes may be executed and acknowledged now. Asked before a write is executed and again before its reply.
@FunctionalInterface
public interface WriteGate {
    Standing standing();
}
