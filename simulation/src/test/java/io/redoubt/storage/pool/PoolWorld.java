// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.pool;

import io.redoubt.core.DatastoreId;
import io.redoubt.core.VolumeId;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import io.redoubt.simulation.machine.SimDisk;
import io.redoubt.simulation.machine.SimHost;
import io.redoubt.simulation.machine.SimTime;
import io.redoubt.simulation.machine.SyncLedger;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/// One file system with a datastore in it, and a stranger who wants room as well.
final class PoolWorld {
    static final DatastoreId ID = new DatastoreId("ds-1");
    static final RoomRules RULES = new RoomRules(4096, 16384, 65536, 4096);
    static final int VOLUMES = 4;

    final SimHost host;
    final SimDisk own;

    PoolWorld(SplittableRandom random, SyncLedger ledger, long capacity) {
        host = new SimHost(random, new SimTime(), ledger);
        host.capacity(capacity);
        own = host.disk("datastore");
    }

    static VolumeId volume(int number) {
        return new VolumeId("vol-" + number);
    }

    SimDisk files(VolumeId volume) {
        return host.disk("of " + volume);
    }

    /// Directories as a file system has them: whatever names a file is there.
    final Directories directories =
            new Directories() {
                @Override
                public List<VolumeId> list() {
                    return IntStream.range(0, VOLUMES)
                            .mapToObj(PoolWorld::volume)
                            .filter(v -> !files(v).list().isEmpty())
                            .toList();
                }

                @Override
                public Disk open(VolumeId volume) {
                    return files(volume);
                }

                @Override
                public void remove(VolumeId volume) {
                    Disk disk = files(volume);
                    disk.list().forEach(disk::delete);
                    disk.sync();
                }
            };

    /// Something else fills the file system to the last byte, durably.
    void strangerTakesAll() {
        SimDisk disk = host.disk("stranger");
        try (DiskFile file = disk.exists("f") ? disk.open("f") : disk.create("f")) {
            file.allocate(file.size() + host.freeBytes());
            file.sync();
        }
        disk.sync();
    }

    void strangerLeaves() {
        SimDisk disk = host.disk("stranger");
        disk.delete("f");
        disk.sync();
    }

    /// What the datastore holds of the file system, counted without its own book: the reserve and every file, the small ones flat.
    long held(Datastore datastore) {
        long sum = (long) RULES.perVolume() * datastore.volumes().size();
        sum += room(own, Reserve.FILE);
        for (VolumeId volume : datastore.volumes()) {
            for (String name : files(volume).list()) {
                long room = room(files(volume), name);
                sum += room < RULES.small() ? 0 : room;
            }
        }
        return sum;
    }

    private static long room(SimDisk disk, String name) {
        try (DiskFile file = disk.open(name)) {
            return file.room();
        }
    }
}
