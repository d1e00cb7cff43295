// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.Bytes;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A real guest and the servers of its disks are killed together while it writes, started again, and asked what is left: ext4 and XFS
/// are whole once their journals are replayed, both databases are, and every transaction that was reported as committed is there.
///
/// One disk is plain, the other encrypted and checked.
@Timeout(1200)
class GuestKillTest {
    private static final Bytes DATA = Bytes.mebibytes(320); // the least that XFS takes is 300
    private static final int WORK_MILLIS_MAX = 2500;

    @Test
    void a_guest_killed_with_its_servers_twice_has_all_that_it_reported_as_committed()
            throws Exception {
        killed(false, true, 2, 1);
    }

    @Test
    @Tag("long")
    void a_guest_killed_with_its_servers_twenty_times_has_all_that_it_reported_as_committed()
            throws Exception {
        killed(false, true, 10, 2);
        killed(true, false, 10, 3);
    }

    private static void killed(boolean rootSealed, boolean dataSealed, int times, long seed)
            throws Exception {
        var random = new Random(seed);
        try (var guest = new RestlessGuest(rootSealed, dataSealed, DATA)) {
            guest.boot().requireEmpty();
            int replayed = 0;
            int recovered = 0;
            for (int round = 1; round <= times; round++) {
                guest.awaitMore(10);
                Thread.sleep(random.nextInt(WORK_MILLIS_MAX));
                guest.killAll(random);
                long acknowledged = guest.acknowledged();
                guest.root.start();
                guest.data.start();
                RestlessGuest.Found found = guest.boot();
                found.requireWhole(acknowledged);
                replayed += (int) Math.min(1, found.number("replayed"));
                recovered += (int) Math.min(1, found.number("recovered"));
            }
            // A kill that met nothing under way would prove nothing.
            assertThat(replayed).as("kills that left a journal to replay").isEqualTo(times);
            assertThat(recovered).as("kills that left a log to replay").isEqualTo(times);
        }
    }
}
