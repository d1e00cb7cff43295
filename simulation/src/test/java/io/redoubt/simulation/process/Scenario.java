// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

import io.redoubt.core.VolumeId;
import io.redoubt.storage.journal.JournalLimits;
import io.redoubt.storage.replication.SourceLimits;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/// How a group of real processes is shaped and loaded; its name travels to the processes.
///
/// @param interval between points
/// @param chains   of tokens, see [Load]
record Scenario(
        String name,
        List<VolumeId> volumes,
        SourceLimits source,
        JournalLimits journal,
        Duration interval,
        Pace pace,
        int chains) {

    /// Slots of a chain in each volume, a sector each; a later token overwrites the one that was in its slot.
    static final int RING = 32;

    /// A spool that a few seconds without a link fill.
    private static final SourceLimits SMALL =
            new SourceLimits(4 << 20, 512 << 10, 256 << 10, 64 << 10, 3, 4 << 20);

    /// Segments and runs change often, writes linger, so that a kill meets most of them half done.
    static final Scenario KILLS =
            new Scenario(
                    "kills",
                    volumes("first", "second"),
                    SMALL,
                    new JournalLimits(4 << 20, 2_000),
                    Duration.ofMillis(250),
                    new Pace(2, 300_000, 6_000_000, 0),
                    0);

    /// As many points as there can be, at moments that no clock chose, too, and chains of tokens over all volumes. The log needs a new
    /// segment every second or two, so that it notices a full disk.
    static final Scenario FAULTS =
            new Scenario(
                    "faults",
                    volumes("first", "second", "third"),
                    SMALL,
                    new JournalLimits(2 << 20, 5_000),
                    Duration.ofMillis(100),
                    new Pace(2, 10_000_000, 2_000_000, 150_000_000),
                    2);

    /// The same with fewer points, so that half an hour of them can be judged.
    static final Scenario FAULTS_LONG =
            new Scenario(
                    "faults-long",
                    FAULTS.volumes,
                    SMALL,
                    FAULTS.journal,
                    Duration.ofMillis(400),
                    new Pace(2, 10_000_000, 2_000_000, 800_000_000),
                    FAULTS.chains);

    /// The sizes of production, and no load of its own.
    static final Scenario CALM =
            new Scenario(
                    "calm",
                    KILLS.volumes,
                    SourceLimits.DEFAULT,
                    JournalLimits.DEFAULT,
                    Duration.ofSeconds(1),
                    new Pace(0, 0, 0, 0),
                    0);

    /// @param writers        threads that write anywhere
    /// @param pauseNanos     of each after a write
    /// @param lingerNanosMax of some writes, between their number and their end
    /// @param cutNanosMax    between cuts at random moments, besides those of the interval; 0 for none
    record Pace(int writers, long pauseNanos, int lingerNanosMax, long cutNanosMax) {}

    static Scenario named(String name) {
        return Stream.of(KILLS, FAULTS, FAULTS_LONG)
                .filter(s -> s.name.equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static List<VolumeId> volumes(String... names) {
        return Stream.of(names).map(VolumeId::new).toList();
    }

    /// The sectors at the beginning of each volume that belong to the tokens; the other load keeps away.
    int tokenSectors() {
        return chains * RING;
    }
}
