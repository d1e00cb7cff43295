// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.machine;

import java.lang.StackWalker.StackFrame;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Every place in the code under test that calls a sync, seen while simulations run; and the one that is taken out.
///
/// With it a test proves that each sync call is needed: taken out, some seed must find a violation.
public final class SyncLedger {
    /// Layers that pass a sync on: the place is the one that calls them.
    private static final Set<String> PASSING =
            Set.of(
                    "io.redoubt.core.system.SettledDisk.sync",
                    "io.redoubt.storage.pool.RoomedDisk.sync",
                    "io.redoubt.storage.pool.RoomedFile.sync",
                    "io.redoubt.storage.atrest.SealedDisk.sync",
                    "io.redoubt.storage.atrest.SealedFile.sync",
                    "io.redoubt.storage.atrest.Settling.sync",
                    "io.redoubt.storage.atrest.Settling.syncData");

    private static final StackWalker WALKER = StackWalker.getInstance();

    private final Set<String> sites = new TreeSet<>();
    private final @Nullable String takenOut;

    public SyncLedger() {
        this(null);
    }

    /// @param takenOut a place as [#sites] names it: its syncs return without any effect
    public SyncLedger(@Nullable String takenOut) {
        this.takenOut = takenOut;
    }

    public Set<String> sites() {
        return Set.copyOf(sites);
    }

    /// @return whether the sync that is being called has its effect
    boolean counts() {
        String site =
                WALKER.walk(frames ->
                        frames.filter(SyncLedger::isCaller)
                                .findFirst()
                                .map(f ->
                                        f.getClassName()
                                                + "."
                                                + f.getMethodName()
                                                + ":"
                                                + f.getLineNumber())
                                .orElse("?"));
        sites.add(site);
        return !site.equals(takenOut);
    }

    private static boolean isCaller(StackFrame frame) {
        return !frame.getClassName().startsWith("io.redoubt.simulation.machine.")
                && !PASSING.contains(frame.getClassName() + "." + frame.getMethodName());
    }
}
