// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.replication;

import io.redoubt.core.grant.GrantTimes;
import io.redoubt.core.grant.Grantor;
import io.redoubt.simulation.machine.SimHost;
import io.redoubt.storage.journal.Journal;
import io.redoubt.storage.journal.JournalLimits;
import io.redoubt.storage.journal.Roles;
import io.redoubt.storage.replication.GroupReceiver;

/// The receiver process: made anew from its disk at every start.
final class ReceiverSide {
    private static final JournalLimits LIMITS = new JournalLimits(128 << 10, 60);

    final Journal journal;
    final Grantor grantor;
    final GroupReceiver group;

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
    }
}
