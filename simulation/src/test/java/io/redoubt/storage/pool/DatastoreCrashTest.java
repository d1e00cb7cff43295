// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.simulation.machine.ProcessKilled;
import io.redoubt.simulation.machine.SyncLedger;
import io.redoubt.storage.block.RawVolume;
import io.redoubt.storage.block.VolumeFault;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class DatastoreCrashTest {
    private static final int SEEDS = 400;
    private static final int CRASHES = 6;
    private static final long UNIT = 32 << 10;
    private static final long CAPACITY = 1 << 20;

    /// What was confirmed, and what was under way when the process died.
    private static final class Told {
        long size;
        long sizeWanted;
        final Map<VolumeId, Allotment> volumes = new HashMap<>();
        final Map<VolumeId, byte[]> content = new HashMap<>();
        final Set<VolumeId> uncertain = new HashSet<>();
    }

    @Test
    void no_crash_at_any_disk_call_leaks_room_or_loses_any() {
        for (long seed = 0; seed < SEEDS; seed++) {
            assertThat(run(seed, new SyncLedger())).as("seed %d", seed).isEmpty();
        }
    }

    @Test
    void every_sync_is_needed() {
        var ledger = new SyncLedger();
        for (long seed = 0; seed < 60; seed++) {
            run(seed, ledger);
            afterPowerLoss(seed, ledger);
        }
        var sites = new TreeSet<>(ledger.sites());
        sites.removeIf(site -> !site.contains("storage.pool.") || site.contains("PoolWorld"));
        assertThat(sites).hasSizeGreaterThanOrEqualTo(3);
        var needless = new TreeSet<String>();
        for (String site : sites) {
            if (!isNeeded(site)) {
                needless.add(site);
            }
        }
        assertThat(needless).as("syncs whose absence no seed noticed").isEmpty();
    }

    private static boolean isNeeded(String site) {
        for (long seed = 0; seed < SEEDS; seed++) {
            if (!run(seed, new SyncLedger(site)).isEmpty()
                    || !afterPowerLoss(seed, new SyncLedger(site)).isEmpty()) {
                return true;
            }
        }
        return false;
    }

    /// Right after a confirmed change the power fails, and whoever else uses the file system is quicker than we are.
    @Test
    void what_was_confirmed_is_held_over_a_power_loss_however_quick_a_stranger_is() {
        for (long seed = 0; seed < SEEDS; seed++) {
            assertThat(afterPowerLoss(seed, new SyncLedger())).as("seed %d", seed).isEmpty();
        }
    }

    private static String afterPowerLoss(long seed, SyncLedger ledger) {
        var random = new SplittableRandom(seed);
        var world = new PoolWorld(random.split(), ledger, CAPACITY);
        var size = new Bytes(4 * UNIT);
        Datastore datastore = create(world, size);
        int kind = random.nextInt(5);
        VolumeId volume = PoolWorld.volume(0);
        switch (kind) {
            case 0 -> {}
            case 1 -> {
                size = new Bytes(6 * UNIT);
                datastore.resize(size);
            }
            case 2, 3 -> {
                datastore.allot(volume, new Allotment(new Bytes(UNIT), false));
                RawVolume.create(datastore.disk(volume), volume, new Bytes(UNIT)).close();
                datastore.release(volume);
                if (kind == 3) {
                    datastore.delete();
                }
            }
            default -> {
                datastore.allot(volume, new Allotment(new Bytes(UNIT), false));
                RawVolume.create(datastore.disk(volume), volume, new Bytes(UNIT)).close();
            }
        }
        world.host.powerLoss();
        world.strangerTakesAll();
        if (kind == 3) {
            return world.own.used() == 0 ? "" : "a deleted datastore keeps " + world.own.used();
        }
        if (Datastore.find(world.own, PoolWorld.ID).isEmpty()) {
            return "the datastore is gone";
        }
        datastore = open(world);
        Room room = datastore.room();
        if (room.missing() != 0 || room.size() != size.value()) {
            return "kind %d: %s".formatted(kind, room);
        }
        boolean there = datastore.volumes().contains(volume);
        if (there != (kind == 4)) {
            return "kind %d: volumes %s".formatted(kind, datastore.volumes());
        }
        world.strangerLeaves();
        datastore.close();
        world.host.powerLoss();
        world.strangerTakesAll();
        room = open(world).room();
        return room.missing() == 0 ? "" : "after the opening: " + room;
    }

    private static Datastore create(PoolWorld world, Bytes size) {
        return Datastore.create(
                world.own, world.directories, PoolWorld.ID, size, false, PoolWorld.RULES);
    }

    private static Datastore open(PoolWorld world) {
        return Datastore.open(world.own, world.directories, PoolWorld.ID, PoolWorld.RULES);
    }

    /// @return what broke, or nothing
    private static String run(long seed, SyncLedger ledger) {
        var random = new SplittableRandom(seed);
        var world = new PoolWorld(random.split(), ledger, CAPACITY);
        var told = new Told();
        for (int crash = 0; crash < CRASHES; crash++) {
            world.host.killAfter(random.nextInt(1, crash == 0 ? 20 : 120));
            try {
                Datastore datastore;
                if (told.size == 0 && Datastore.find(world.own, PoolWorld.ID).isEmpty()) {
                    told.sizeWanted = 8 * UNIT;
                    datastore = create(world, new Bytes(told.sizeWanted));
                    told.size = told.sizeWanted;
                } else {
                    datastore = open(world);
                }
                work(datastore, told, random);
            } catch (ProcessKilled _) {
                // as drawn
            }
            boolean power = random.nextBoolean();
            if (power) {
                world.host.powerLoss();
            } else {
                world.host.restartProcess();
                world.strangerTakesAll();
            }
            String broken = check(world, told, power);
            if (!broken.isEmpty()) {
                return "crash %d %s: %s".formatted(crash, power ? "power" : "process", broken);
            }
            world.host.restartProcess();
        }
        return "";
    }

    private static void work(Datastore datastore, Told told, SplittableRandom random) {
        for (int step = 0; step < 30; step++) {
            VolumeId volume = PoolWorld.volume(random.nextInt(PoolWorld.VOLUMES));
            boolean there = told.volumes.containsKey(volume);
            try {
                switch (random.nextInt(8)) {
                    case 0, 1 -> {
                        if (!there) {
                            make(datastore, told, volume, random);
                        }
                    }
                    case 2 -> {
                        told.uncertain.add(volume);
                        told.volumes.remove(volume);
                        told.content.remove(volume);
                        datastore.release(volume);
                        told.uncertain.remove(volume);
                    }
                    case 3 -> {
                        told.sizeWanted = UNIT * random.nextInt(4, 14);
                        datastore.resize(new Bytes(told.sizeWanted));
                        told.size = told.sizeWanted;
                    }
                    default -> {
                        if (there) {
                            change(datastore, told, volume, random);
                        }
                    }
                }
            } catch (FaultException e) {
                switch (e.fault()) {
                    case PoolFault.NoRoom _, PoolFault.BelowUse _, VolumeFault.Full _ -> {}
                    default -> throw e;
                }
            }
        }
    }

    private static void make(
            Datastore datastore, Told told, VolumeId volume, SplittableRandom random) {
        var allotment = new Allotment(new Bytes(UNIT * random.nextInt(1, 4)), random.nextBoolean());
        told.uncertain.add(volume);
        datastore.allot(volume, allotment);
        var disk = datastore.disk(volume);
        if (RawVolume.find(disk, volume).isEmpty()) {
            (allotment.thin()
                            ? RawVolume.createThin(disk, volume, allotment.size())
                            : RawVolume.create(disk, volume, allotment.size()))
                    .close();
        }
        told.uncertain.remove(volume);
        told.volumes.put(volume, allotment);
        told.content.put(volume, new byte[(int) allotment.size().value()]);
    }

    private static void change(
            Datastore datastore, Told told, VolumeId volume, SplittableRandom random) {
        byte[] content = java.util.Objects.requireNonNull(told.content.get(volume));
        try (RawVolume raw = open(datastore, volume)) {
            for (int i = 0; i < 4; i++) {
                int length = random.nextInt(1, 12000);
                int from = random.nextInt(content.length - length);
                byte value = (byte) (random.nextInt(3) == 0 ? 0 : random.nextInt(1, 100));
                byte[] bytes = new byte[length];
                Arrays.fill(bytes, value);
                byte[] before = content.clone();
                told.content.remove(volume); // torn when the process dies in it
                try {
                    if (value == 0 && random.nextBoolean()) {
                        raw.trim(from, length);
                    } else if (value == 0) {
                        raw.zero(from, length);
                    } else {
                        raw.write(from, ByteBuffer.wrap(bytes));
                    }
                } catch (FaultException e) {
                    told.content.put(volume, before); // refused: nothing changed
                    throw e;
                }
                Arrays.fill(content, from, from + length, value);
                told.content.put(volume, content);
            }
            raw.flush();
        }
    }

    private static RawVolume open(Datastore datastore, VolumeId volume) {
        return datastore.allotment(volume).thin()
                ? RawVolume.openThin(datastore.disk(volume), volume)
                : RawVolume.open(datastore.disk(volume), volume);
    }

    private static String check(PoolWorld world, Told told, boolean power) {
        if (told.size == 0 && Datastore.find(world.own, PoolWorld.ID).isEmpty()) {
            world.strangerLeaves();
            return "";
        }
        Datastore datastore;
        try {
            datastore = open(world);
        } catch (FaultException e) {
            return "not opened: " + e.getMessage();
        }
        Room room = datastore.room();
        if (room.size() != told.size && room.size() != told.sizeWanted) {
            return "size %d, told %d".formatted(room.size(), told.size);
        }
        told.size = room.size();
        if (room.thick() + room.thin() + room.saved() + room.free() != room.size()) {
            return "the sum is wrong: " + room;
        }
        if (room.missing() != 0) {
            return "room was lost: " + room;
        }
        long wanted = room.size() + PoolWorld.RULES.spareOf(room.size());
        if (world.held(datastore) != wanted) {
            return "%d held, %d promised: %s".formatted(world.held(datastore), wanted, room);
        }
        for (VolumeId volume : world.directories.list()) {
            if (!datastore.volumes().contains(volume)) {
                return "files of " + volume + " are left";
            }
        }
        world.strangerLeaves();
        String broken = checkVolumes(datastore, told, power);
        datastore.close();
        return broken;
    }

    private static String checkVolumes(Datastore datastore, Told told, boolean power) {
        for (int i = 0; i < PoolWorld.VOLUMES; i++) {
            VolumeId volume = PoolWorld.volume(i);
            Allotment wanted = told.volumes.get(volume);
            boolean there = datastore.volumes().contains(volume);
            if (told.uncertain.remove(volume)) {
                datastore.release(volume); // whoever asked for it asks again; here: to be gone
                if (datastore.volumes().contains(volume)) {
                    return volume + " is still there";
                }
                continue;
            }
            if (there != (wanted != null)) {
                return "%s there: %s, told %s".formatted(volume, there, wanted);
            }
            if (wanted == null) {
                continue;
            }
            if (!datastore.allotment(volume).equals(wanted)) {
                return "%s is %s".formatted(volume, datastore.allotment(volume));
            }
            try (RawVolume raw = open(datastore, volume)) {
                ByteBuffer shown = ByteBuffer.allocate((int) raw.size());
                raw.read(0, shown);
                byte[] content = told.content.get(volume);
                if (!power && content != null && !Arrays.equals(content, shown.array())) {
                    return volume + " has another content";
                }
                told.content.put(volume, shown.array()); // what is shown now is the truth
            } catch (FaultException e) {
                return volume + ": " + e.getMessage();
            }
        }
        return "";
    }
}
