// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.DiskFault;
import io.redoubt.simulation.machine.SimDisk;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// A disk that is full while journaling: refused with the numbers, nothing lost, and on it goes when there is room.
class JournalFullTest {
    private static final JournalLimits LIMITS = new JournalLimits(128 << 10, 80);
    private static final int STEPS_MAX = 5_000;

    @Test
    void a_full_disk_refuses_the_write_keeps_every_point_and_goes_on_when_there_is_room() {
        for (long seed = 1; seed <= 60; seed++) {
            var random = new SplittableRandom(seed);
            SimDisk disk = JournalDamageTest.disk(seed, "journal");
            var made = new RandomJournal(random, disk, LIMITS);
            made.fill(20);
            disk.capacity(disk.used() + random.nextInt(300 << 10));
            DiskFault.Full full = writeUntilFull(made);
            assertThat(full.message()).isNotBlank();
            assertThat(full.remedy()).isNotBlank();
            everyPointReads(made, made.journal());

            disk.capacity(Long.MAX_VALUE);
            if (random.nextBoolean()) {
                made.journal().close();
                made.reopen(LIMITS);
                assertThat(made.journal().damage()).as("seed %d", seed).isEmpty();
            }
            everyPointReads(made, made.journal());
            made.write(0, 8192, 4096);
            made.write(1, 0, 512);
            made.point();
            assertThat(made.journal().points()).containsExactlyElementsOf(made.published.values());
            made.journal().close();
            everyPointReads(made, made.reopen(LIMITS));
        }
    }

    private static DiskFault.Full writeUntilFull(RandomJournal made) {
        for (int i = 0; i < STEPS_MAX; i++) {
            try {
                made.write(i % 2, i % 30 * 4096, 4096);
                made.journal().sync();
            } catch (FaultException e) {
                assertThat(e.fault()).isInstanceOf(DiskFault.Full.class);
                return (DiskFault.Full) e.fault();
            }
        }
        return fail("the disk never filled up");
    }

    private static void everyPointReads(RandomJournal made, Journal journal) {
        assertThat(journal.points()).containsExactlyElementsOf(made.published.values());
        for (RecoveryPoint point : journal.points()) {
            assertThat(made.requireExactOrFault(point)).as("faults in %s", point).isZero();
        }
    }
}
