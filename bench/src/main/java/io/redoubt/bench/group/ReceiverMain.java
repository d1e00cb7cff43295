// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench.group;

import io.redoubt.core.grant.GrantTimes;
import io.redoubt.core.grant.Grantor;
import io.redoubt.core.system.SystemClock;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.storage.journal.Journal;
import io.redoubt.storage.journal.JournalLimits;
import io.redoubt.storage.journal.RecoveryPoint;
import io.redoubt.storage.journal.Roles;
import io.redoubt.storage.replication.History;
import io.redoubt.storage.replication.HostedReceiver;
import io.redoubt.storage.replication.ReceiverServer;
import java.net.Socket;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/// The receiver of the measured group. Says `ready PORT`; `age MILLIS` samples the age of the newest published point for so long.
public final class ReceiverMain {
    static final UUID LINEAGE = new UUID(0xBE7C4, 1);
    private static final long SAMPLE_MILLIS = 20;

    private ReceiverMain() {}

    /// @param args directory of the journal, file of the keys
    public static void main(String[] args) throws Exception {
        var clock = new SystemClock();
        Journal journal =
                Journal.open(new SystemDisk(Path.of(args[0])), LINEAGE, JournalLimits.DEFAULT);
        Roles roles = journal.roles();
        var grantor =
                new Grantor(
                        GrantTimes.DEFAULT,
                        roles.term(),
                        roles.stopped(),
                        roles.promoted(),
                        clock.bootNanos());
        var hosted = new HostedReceiver(journal, grantor, clock);
        var server = new ReceiverServer(new GroupTls(Path.of(args[1])).listen(), new One(hosted));
        server.start();
        Dialogue.hold(
                String.valueOf(server.port()),
                words ->
                        switch (words[0]) {
                            case "age" -> ages(hosted, Long.parseLong(words[1])).words();
                            default -> throw new IllegalArgumentException(words[0]);
                        });
        System.exit(0);
    }

    /// In milliseconds, from the stamp of the newest point.
    private static Percentiles ages(HostedReceiver hosted, long millis)
            throws InterruptedException {
        var samples = new Samples();
        long end = System.currentTimeMillis() + millis;
        while (System.currentTimeMillis() < end) {
            List<RecoveryPoint> points = hosted.points();
            if (!points.isEmpty()) {
                samples.add(System.currentTimeMillis() - points.getLast().stampMillis());
            }
            Thread.sleep(SAMPLE_MILLIS);
        }
        return samples.percentiles();
    }

    private record One(HostedReceiver hosted) implements ReceiverServer.Groups {
        @Override
        public Optional<HostedReceiver> find(History history, Socket peer) {
            return history.lineage().equals(LINEAGE) ? Optional.of(hosted) : Optional.empty();
        }

        @Override
        public Collection<HostedReceiver> all() {
            return List.of(hosted);
        }
    }
}
