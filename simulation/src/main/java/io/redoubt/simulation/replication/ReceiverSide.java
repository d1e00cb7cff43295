// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.replication;

import io.redoubt.core.grant.GrantTimes;
import io.redoubt.core.grant.Grantor;
import io.redoubt.core.port.Clock;
import io.redoubt.simulation.machine.SimHost;
import io.redoubt.storage.journal.Housekeeping;
import io.redoubt.storage.journal.Journal;
import io.redoubt.storage.journal.JournalLimits;
import io.redoubt.storage.journal.Ladder;
import io.redoubt.storage.journal.Roles;
import io.redoubt.storage.replication.GroupReceiver;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/// The receiver process: made anew from its disk at every start.
final class ReceiverSide {
    private static final JournalLimits LIMITS = new JournalLimits(128 << 10, 60);

    /// So short that points go and sweeps run within a simulated minute.
    private static final Housekeeping.Settings SETTINGS =
            new Housekeeping.Settings(
                    new Ladder(
                            List.of(
                                    new Ladder.Rung(Duration.ofSeconds(6), Duration.ZERO),
                                    new Ladder.Rung(
                                            Duration.ofSeconds(25), Duration.ofSeconds(4)))),
                    Duration.ofSeconds(20));

    private static final long STEP_BYTES = 24 << 10;
    private static final long TICK_MILLIS = 1_500;

    final Journal journal;
    final Grantor grantor;
    final GroupReceiver group;
    private final Housekeeping housekeeping;
    private final Clock clock;
    private long tickedMillis;

    ReceiverSide(SimHost host, GroupSetup setup, GrantTimes times) {
        journal = Journal.open(host.disk("journal"), setup.lineage(), LIMITS);
        Roles roles = journal.roles();
        grantor =
                new Grantor(
                        times,
                        roles.term(),
                        roles.stopped(),
                        roles.promoted(),
                        host.clock().bootNanos());
        group = new GroupReceiver(journal, grantor, host.clock());
        housekeeping = new Housekeeping(journal, SETTINGS, new ReentrantLock());
        clock = host.clock();
    }

    /// What the housekeeping thread does between two batches of the stream: points may go, and a piece of a sweep is done.
    void keepHouse(Checks checks) {
        checks.keepsHouse();
        if (clock.wallMillis() - tickedMillis >= TICK_MILLIS) {
            tickedMillis = clock.wallMillis();
            housekeeping.tick(tickedMillis);
        }
        boolean _ = housekeeping.step(STEP_BYTES);
        checks.published(journal);
    }
}
