// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.grant.GrantHolder;
import io.redoubt.simulation.machine.ProcessKilled;
import io.redoubt.simulation.machine.SimHost;
import io.redoubt.simulation.machine.SimTime;
import io.redoubt.simulation.machine.SyncLedger;
import io.redoubt.storage.journal.Journal;
import io.redoubt.storage.journal.JournalLimits;
import io.redoubt.storage.journal.Roles;
import io.redoubt.storage.replication.GrantMemory;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/// Rules 1 and 2: what a side has said of its role it says after every crash. A word counts as said when a call returned, and when a
/// start read it: a start may answer on it at once.
class RoleMemoryCrashTest {
    private static final UUID LINEAGE = new UUID(0x5EED, 2);
    private static final JournalLimits LIMITS = new JournalLimits(128 << 10, 60);
    private static final int SEEDS = 400;
    private static final int LIVES = 8;

    @Test
    void a_term_that_was_said_once_is_never_forgotten() {
        for (long seed = 1; seed <= SEEDS; seed++) {
            assertThat(run(seed, new SyncLedger())).as("seed %d", seed).isEmpty();
        }
    }

    /// @return what broke, or nothing
    static String run(long seed, SyncLedger syncs) {
        var random = new SplittableRandom(seed);
        var host = new SimHost(random.split(), new SimTime(), syncs);
        long stopped = 0;
        long released = 0;
        for (int life = 0; life < LIVES; life++) {
            if (random.nextBoolean()) {
                host.killAtSync(1 + random.nextInt(8));
            } else {
                host.killAfter(1 + random.nextInt(40));
            }
            try {
                Journal journal = Journal.open(host.disk("journal"), LINEAGE, LIMITS);
                long stopRead = journal.roles().term();
                var memory = new GrantMemory(host.disk("grants"));
                GrantHolder.Memory grants = memory.load(1);
                if (stopRead < stopped || grants.releasedTerm() < released) {
                    return "stopped under %d, after the crash %d; released under %d, after the crash %d"
                            .formatted(stopped, stopRead, released, grants.releasedTerm());
                }
                stopped = stopRead;
                released = grants.releasedTerm();
                var holder = new GrantHolder(GroupWorld.TIMES, grants, host.clock().bootId());
                for (int step = random.nextInt(4); step > 0; step--) {
                    journal.roles(Roles.START.with(stopped + 1, true, false));
                    stopped++;
                    holder.release(Math.max(2, released + 1));
                    memory.store(holder, host.clock().bootId());
                    released = holder.releasedTerm();
                }
            } catch (ProcessKilled _) {
                // as drawn
            } catch (FaultException e) {
                return "refused: " + e.getMessage();
            }
            if (random.nextBoolean()) {
                host.powerLoss();
            } else {
                host.restartProcess();
            }
        }
        return "";
    }
}
