// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import java.util.UUID;

/// A lineage on the wire is 32 hexadecimal digits.
final class Lineages {
    private Lineages() {}

    static UUID parse(String hex) {
        if (hex.length() != 32) {
            throw new IllegalArgumentException(
                    "a lineage is 32 hexadecimal digits, not '" + hex + "'");
        }
        return new UUID(
                Long.parseUnsignedLong(hex.substring(0, 16), 16),
                Long.parseUnsignedLong(hex.substring(16), 16));
    }
}
