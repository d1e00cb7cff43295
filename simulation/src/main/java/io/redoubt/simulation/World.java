// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation;

import io.redoubt.simulation.journal.JournalWorld;
import io.redoubt.simulation.machine.SyncLedger;
import io.redoubt.simulation.replication.GroupWorld;
import io.redoubt.simulation.replication.WritersWorld;
import io.redoubt.simulation.volume.VolumeWorld;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/// What can be run with a seed.
public enum World {
    GROUP,
    WRITERS,
    JOURNAL,
    VOLUME;

    /// @param telling prints what happens, where a world can tell it
    /// @return a hash of all that happened
    /// @throws RuntimeException when a promise was broken
    public long run(long seed, boolean telling) {
        return switch (this) {
            case GROUP -> new GroupWorld(seed, new SyncLedger()).run();
            case WRITERS -> new WritersWorld(seed, new SyncLedger()).run();
            case JOURNAL -> new JournalWorld(seed, new SyncLedger()).run();
            case VOLUME ->
                    new VolumeWorld(seed, new SyncLedger(), telling ? System.out::println : _ -> {})
                            .run();
        };
    }

    /// As the command line spells it.
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static Optional<World> find(String word) {
        return Arrays.stream(values()).filter(w -> w.word().equals(word)).findFirst();
    }
}
