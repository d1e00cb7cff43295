// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import java.util.List;
import java.util.Optional;

/// What a server offers. Called by many threads.
public interface Exports {
    /// @param name as the peer sent it; the empty name asks for the default export
    Optional<Export> find(String name);

    /// The names told to a peer that asks for a list. None by default: a name may carry an attachment's secret.
    default List<String> list() {
        return List.of();
    }

    /// One export, which is also the default.
    static Exports one(String name, Export export) {
        return new Exports() {
            @Override
            public Optional<Export> find(String asked) {
                return asked.equals(name) || asked.isEmpty()
                        ? Optional.of(export)
                        : Optional.empty();
            }

            @Override
            public List<String> list() {
                return List.of(name);
            }
        };
    }
}
