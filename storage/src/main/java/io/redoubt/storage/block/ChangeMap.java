// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

/// Which parts of a volume changed since a moment that its maker chose: a snapshot, the start of protection.
@FunctionalInterface
public interface ChangeMap {
    /// Takes one run after the other.
    @FunctionalInterface
    interface Sink {
        /// @param length of the run that follows the one before, positive; neighbours may be alike
        /// @return false when no more are wanted
        boolean run(long length, boolean changed);
    }

    /// Tells a range of the volume from its first byte to its last. What did not change may be called changed, never the other way
    /// round.
    void changes(long offset, long length, Sink sink);
}
