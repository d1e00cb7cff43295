// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.machine;

import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Every place in the code under test that calls a sync, seen while simulations run; and the one that is taken out.
///
/// With it a test proves that each sync call is needed: taken out, some seed must find a violation.
public final class SyncLedger {
    private static final String SETTLED = "io.redoubt.core.system.SettledDisk";
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
                        frames.filter(f -> isCaller(f.getClassName()))
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

    /// Neither the simulated disk nor the wrapper that only passes a directory's sync on.
    private static boolean isCaller(String name) {
        return !name.startsWith("io.redoubt.simulation.machine.") && !name.equals(SETTLED);
    }
}
