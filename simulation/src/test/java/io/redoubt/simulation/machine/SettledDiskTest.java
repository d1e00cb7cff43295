// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.machine;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import io.redoubt.core.system.SettledDisk;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// A directory that spares syncs keeps the contract, also when the power fails after each of them.
class SettledDiskTest extends DiskContract {
    private static final int SEEDS = 300;

    @Override
    Disk disk() {
        SimDisk disk = new SimHost(new SplittableRandom(1), new SimTime()).disk("d");
        disk.capacity(1L << 30);
        return new SettledDisk(disk);
    }

    @Test
    void no_power_loss_after_a_sync_shows_other_names_than_the_sync_saw() {
        for (long seed = 0; seed < SEEDS; seed++) {
            var random = new SplittableRandom(seed);
            var host = new SimHost(random.split(), new SimTime());
            int names = 0;
            for (int life = 0; life < 4; life++) {
                Disk disk = new SettledDisk(host.disk("d"));
                int steps = random.nextInt(12);
                for (int step = 0; step < steps; step++) {
                    List<String> there = disk.list();
                    switch (random.nextInt(there.isEmpty() ? 2 : 4)) {
                        case 0 -> disk.create("f" + names++).close();
                        case 1 -> disk.sync();
                        case 2 -> disk.rename(there.getFirst(), "g" + names++);
                        default -> disk.delete(there.getLast());
                    }
                }
                boolean told = random.nextBoolean();
                if (told) {
                    disk.sync();
                }
                List<String> seen = disk.list();
                if (!told) {
                    host.restartProcess(); // the process alone: the next life finds the names,
                    // not durable yet
                    disk = new SettledDisk(host.disk("d"));
                    disk.sync();
                }
                host.powerLoss();
                assertThat(host.disk("d").list()).as("seed %d", seed).isEqualTo(seen);
            }
        }
    }

    @Test
    void only_the_first_sync_and_one_after_a_change_reach_the_disk() {
        var below = new Counting(new SimHost(new SplittableRandom(1), new SimTime()).disk("d"));
        Disk disk = new SettledDisk(below);
        for (int reading = 0; reading < 1000; reading++) {
            disk.sync();
        }
        assertThat(below.syncs).isOne();
        disk.create("a").close();
        disk.sync();
        disk.sync();
        assertThat(below.syncs).isEqualTo(2);
        disk.rename("a", "b");
        disk.sync();
        assertThat(below.syncs).isEqualTo(3);
        disk.delete("b");
        disk.sync();
        assertThat(below.syncs).isEqualTo(4);
    }

    @Test
    void a_sync_in_the_middle_of_a_change_does_not_speak_for_it() {
        var below = new Counting(new SimHost(new SplittableRandom(1), new SimTime()).disk("d"));
        Disk disk = new SettledDisk(below);
        disk.create("a").close();
        disk.sync();
        below.before = disk::sync;
        disk.rename("a", "b");
        below.before = () -> {};
        int syncs = below.syncs;
        disk.sync();
        assertThat(below.syncs).isEqualTo(syncs + 1);
    }

    private static final class Counting implements Disk {
        private final Disk next;
        private int syncs;
        private Runnable before = () -> {};

        Counting(Disk next) {
            this.next = next;
        }

        @Override
        public void sync() {
            syncs++;
            next.sync();
        }

        @Override
        public DiskFile open(String name) {
            return next.open(name);
        }

        @Override
        public DiskFile create(String name) {
            return next.create(name);
        }

        @Override
        public boolean exists(String name) {
            return next.exists(name);
        }

        @Override
        public List<String> list() {
            return next.list();
        }

        @Override
        public void rename(String from, String to) {
            before.run();
            next.rename(from, to);
        }

        @Override
        public void delete(String name) {
            next.delete(name);
        }

        @Override
        public long freeBytes() {
            return next.freeBytes();
        }
    }
}
