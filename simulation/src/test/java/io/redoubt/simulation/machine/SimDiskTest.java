// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import io.redoubt.storage.block.RawVolume;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/// The simulated driver keeps the contract, and forgets what no returned sync covers.
class SimDiskTest extends DiskContract {
    @Override
    Disk disk() {
        SimDisk disk = new SimHost(new SplittableRandom(1), new SimTime()).disk("disk");
        disk.capacity(1L << 30);
        return disk;
    }

    private static byte[] content(Disk disk, String name, int length) {
        ByteBuffer into = ByteBuffer.allocate(length);
        disk.open(name).read(0, into);
        return into.array();
    }

    private static byte[] sector(int value) {
        byte[] sector = new byte[512];
        Arrays.fill(sector, (byte) value);
        return sector;
    }

    @Test
    void a_power_loss_keeps_what_was_synced_and_forgets_or_tears_the_rest() {
        var outcomes = new TreeSet<String>();
        for (int seed = 0; seed < 200; seed++) {
            var host = new SimHost(new SplittableRandom(seed), new SimTime());
            Disk disk = host.disk("d");
            DiskFile file = disk.create("f");
            file.write(0, ByteBuffer.wrap(sector(1)));
            file.sync();
            disk.sync();
            file.write(0, ByteBuffer.wrap(sector(2)));
            host.powerLoss();
            byte[] found = content(disk, "f", 512);
            long twos = 0;
            for (byte each : found) {
                assertThat(each).isIn((byte) 1, (byte) 2);
                twos += each == 2 ? 1 : 0;
            }
            outcomes.add(twos == 0 ? "old" : twos == 512 ? "new" : "torn");
        }
        assertThat(outcomes).containsExactly("new", "old", "torn");
    }

    @Test
    void a_power_loss_forgets_names_that_no_sync_of_the_directory_covers() {
        var outcomes = new TreeSet<String>();
        for (int seed = 0; seed < 100; seed++) {
            var host = new SimHost(new SplittableRandom(seed), new SimTime());
            Disk disk = host.disk("d");
            disk.create("kept").close();
            disk.sync();
            disk.create("made").close();
            disk.rename("kept", "renamed");
            host.powerLoss();
            outcomes.add(String.join(" ", disk.list()));
        }
        assertThat(outcomes).contains("kept", "made renamed", "renamed");
    }

    @Test
    void a_store_through_a_mapping_survives_the_process_and_not_surely_the_power() {
        var host = new SimHost(new SplittableRandom(3), new SimTime());
        Disk disk = host.disk("d");
        DiskFile file = disk.create("f");
        file.map(512).fill((byte) 5);
        host.restartProcess();
        assertThat(content(disk, "f", 512)).isEqualTo(sector(5));
    }

    @Test
    void a_process_that_dies_in_a_call_never_comes_back_through_its_old_handles() {
        var host = new SimHost(new SplittableRandom(3), new SimTime());
        Disk disk = host.disk("d");
        DiskFile file = disk.create("f");
        host.killAfter(1);
        assertThatThrownBy(() -> file.write(0, ByteBuffer.wrap(sector(1))))
                .isInstanceOf(ProcessKilled.class);
        host.restartProcess();
        assertThatThrownBy(file::size).isInstanceOf(ProcessKilled.class);
    }

    @Test
    void every_place_that_calls_a_sync_is_named() {
        var ledger = new SyncLedger();
        var host = new SimHost(new SplittableRandom(3), new SimTime(), ledger);
        RawVolume.create(host.disk("d"), new VolumeId("v"), new Bytes(4096)).flush();
        assertThat(ledger.sites()).anyMatch(site -> site.contains("RawVolume.create"));
    }
}
