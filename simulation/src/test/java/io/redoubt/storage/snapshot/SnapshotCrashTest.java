// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.simulation.machine.ProcessKilled;
import io.redoubt.simulation.machine.SimHost;
import io.redoubt.simulation.machine.SimTime;
import io.redoubt.simulation.machine.SyncLedger;
import io.redoubt.storage.block.AfterSync;
import io.redoubt.storage.block.BlockImage;
import io.redoubt.storage.block.RawVolume;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SnapshotCrashTest {
    private static final VolumeId ID = new VolumeId("vol-7");
    private static final int GRAIN = 512;
    private static final int SIZE = 9 * GRAIN;
    private static final int SEEDS = 800;
    private static final int DIRECTED_SEEDS = 40;
    private static final int CRASHES = 6;
    private static final int STEPS = 40;
    private static final SnapshotDevice.Options OPTIONS =
            new SnapshotDevice.Options(SnapshotRoom.UNLIMITED, Runnable::run, _ -> {});

    @Test
    void no_crash_at_any_disk_call_changes_a_snapshot_or_loses_a_write() {
        for (long seed = 0; seed < SEEDS; seed++) {
            assertThat(run(seed, new SyncLedger())).as("seed %d", seed).isEmpty();
        }
    }

    /// What was acknowledged before the snapshot was there is in it, also when the volume was flushed just before.
    @Test
    void a_write_in_the_middle_of_a_creation_is_in_the_snapshot_after_a_power_loss() {
        for (long seed = 0; seed < 40; seed++) {
            var host = new SimHost(new SplittableRandom(seed), new SimTime());
            var hook = new AfterSync(host.disk("v"));
            RawVolume raw = RawVolume.create(hook, ID, new Bytes(SIZE));
            SnapshotDevice device = SnapshotDevice.open(hook, ID, raw, OPTIONS, GRAIN);
            hook.then = () -> device.write(700, ByteBuffer.wrap(new byte[] {5}));
            Snapshot snapshot = device.create("one", 1);
            host.powerLoss();
            SnapshotDevice after = open(host, true);
            assertThat(content(after.image(snapshot.number()))[700])
                    .as("seed %d", seed)
                    .isEqualTo((byte) 5);
        }
    }

    /// What a killed process saved and had not synced is relied on by the next one.
    @Test
    void what_a_killed_process_saved_survives_the_power_loss_of_the_next() {
        for (long seed = 0; seed < DIRECTED_SEEDS; seed++) {
            assertThat(runKilledBeforeSync(seed, new SyncLedger())).as("seed %d", seed).isEmpty();
        }
    }

    private static String runKilledBeforeSync(long seed, SyncLedger ledger) {
        var host = new SimHost(new SplittableRandom(seed), new SimTime(), ledger);
        SnapshotDevice device = open(host, false);
        Snapshot snapshot = device.create("one", 1);
        device.write(0, ByteBuffer.wrap(new byte[] {1})); // the store has its size
        host.killAfter(3); // content, entry, and not the sync
        try {
            device.write(3 * GRAIN, ByteBuffer.wrap(new byte[] {2}));
            return "it was not killed";
        } catch (ProcessKilled _) {
            host.restartProcess();
        }
        SnapshotDevice second = open(host, true);
        second.write(3 * GRAIN, ByteBuffer.wrap(new byte[] {3}));
        second.flush();
        host.powerLoss();
        int shown = content(open(host, true).image(snapshot.number()))[3 * GRAIN];
        return shown == 0 ? "" : "the snapshot shows " + shown;
    }

    @Test
    void every_sync_is_needed() {
        var ledger = new SyncLedger();
        for (long seed = 0; seed < 50; seed++) {
            run(seed, ledger);
        }
        Set<String> sites = ledger.sites();
        assertThat(sites).hasSizeGreaterThanOrEqualTo(8);
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
            if (!run(seed, new SyncLedger(site)).isEmpty()) {
                return true;
            }
            if (seed < DIRECTED_SEEDS && !directed(seed, new SyncLedger(site)).isEmpty()) {
                return true;
            }
        }
        return false;
    }

    private static String directed(long seed, SyncLedger ledger) {
        try {
            return runKilledBeforeSync(seed, ledger);
        } catch (FaultException e) {
            return "refused: " + e.getMessage();
        }
    }

    /// @return what broke, or nothing
    private static String run(long seed, SyncLedger ledger) {
        var random = new SplittableRandom(seed);
        var host = new SimHost(random.split(), new SimTime(), ledger);
        var oracle = new SnapshotOracle(SIZE);
        boolean exists = false;
        for (int crash = 0; crash < CRASHES; crash++) {
            host.killAfter(random.nextInt(1, crash == 0 ? 40 : 120));
            try {
                SnapshotDevice device = open(host, exists);
                exists = true;
                String broken = finishRevert(device, oracle);
                if (broken.isEmpty()) {
                    broken = work(device, oracle, random);
                }
                if (!broken.isEmpty()) {
                    return broken;
                }
            } catch (ProcessKilled _) {
                // as drawn
            } catch (FaultException e) {
                return "refused: " + e.getMessage();
            }
            boolean power = random.nextBoolean();
            if (power) {
                host.powerLoss();
            } else {
                host.restartProcess();
            }
            if (exists) {
                String broken = check(host, oracle, power);
                if (!broken.isEmpty()) {
                    return broken;
                }
                host.restartProcess();
            }
        }
        return "";
    }

    private static String check(SimHost host, SnapshotOracle oracle, boolean power) {
        try {
            SnapshotDevice device = open(host, true);
            var snapshots = new TreeMap<String, byte[]>();
            for (Snapshot each : device.list()) {
                snapshots.put(each.name(), content(device.image(each.number())));
            }
            String broken = oracle.afterCrash(power, content(device), snapshots);
            return broken.isEmpty() ? checkChanges(device, oracle) : broken;
        } catch (FaultException e) {
            return "not opened again: " + e.getMessage();
        }
    }

    /// A revert that a crash cut short lets nobody write, and is done once it is asked for again.
    private static String finishRevert(SnapshotDevice device, SnapshotOracle oracle) {
        String target = oracle.cutShort();
        if (device.reverting().isPresent()) {
            try {
                device.write(0, ByteBuffer.allocate(1));
                return "a write passed while a revert waits for its end";
            } catch (FaultException e) {
                if (!(e.fault() instanceof SnapshotFault.Reverting)) {
                    return "another fault: " + e.getMessage();
                }
            }
            if (target == null) {
                return "a revert that nobody asked for";
            }
            revert(device, oracle, target);
        } else if (target != null) {
            return oracle.notReverting(target);
        }
        return "";
    }

    private static void revert(SnapshotDevice device, SnapshotOracle oracle, String name) {
        oracle.reverting(name);
        device.revert(device.find(name).orElseThrow().number(), device);
        oracle.reverted();
    }

    private static String work(
            SnapshotDevice device, SnapshotOracle oracle, SplittableRandom random) {
        for (int step = 0; step < STEPS; step++) {
            int kind = random.nextInt(20);
            List<String> names = oracle.names();
            if (kind == 0) {
                device.flush();
                oracle.flushed();
            } else if (kind <= 3 && names.size() < 5) {
                String name = "s" + random.nextInt(1_000_000);
                oracle.creating(name);
                device.create(name, step);
                oracle.created();
            } else if (kind == 4 && !names.isEmpty()) {
                String name = oracle.any(random);
                oracle.deleting(name);
                device.delete(device.find(name).orElseThrow().number());
                oracle.deleted();
            } else if (kind == 5 && !names.isEmpty()) {
                String name = oracle.any(random);
                revert(device, oracle, name);
                if (!Arrays.equals(content(device), content(image(device, name)))) {
                    return "after a revert the volume is not " + name;
                }
            } else if (kind == 6 && !names.isEmpty()) {
                String name = oracle.any(random);
                String wrong = oracle.checkSnapshot(name, content(image(device, name)));
                if (!wrong.isEmpty()) {
                    return wrong;
                }
            } else {
                change(device, oracle, random);
            }
        }
        return checkChanges(device, oracle);
    }

    private static void change(
            SnapshotDevice device, SnapshotOracle oracle, SplittableRandom random) {
        int length = random.nextInt(1, random.nextBoolean() ? GRAIN : 3 * GRAIN);
        int from = random.nextInt(SIZE - length);
        boolean zero = random.nextInt(4) == 0;
        int value = zero ? 0 : random.nextInt(1, 63);
        oracle.writing(from, from + length, value);
        if (zero) {
            device.zero(from, length);
        } else {
            byte[] bytes = new byte[length];
            Arrays.fill(bytes, (byte) value);
            device.write(from, ByteBuffer.wrap(bytes));
        }
        oracle.written();
    }

    /// Whatever differs between two snapshots, or one and now, is in the map between them.
    private static String checkChanges(SnapshotDevice device, SnapshotOracle oracle) {
        List<Snapshot> all = device.list();
        for (int a = 0; a < all.size(); a++) {
            for (int b = a + 1; b <= all.size(); b++) {
                @Nullable Snapshot to = b < all.size() ? all.get(b) : null;
                ChangedGrains map =
                        device.changes(all.get(a).number(), to == null ? 0 : to.number());
                for (int at = 0; at < SIZE; at += GRAIN) {
                    String name = to == null ? null : to.name();
                    if (oracle.differs(all.get(a).name(), name, at, GRAIN) && !map.changed(at)) {
                        return "%s and %s differ at %d, which their map does not say"
                                .formatted(all.get(a).name(), name, at);
                    }
                }
            }
        }
        return "";
    }

    private static SnapshotDevice open(SimHost host, boolean exists) {
        Disk disk = host.disk("v");
        RawVolume raw =
                !exists && RawVolume.find(disk, ID).isEmpty()
                        ? RawVolume.create(disk, ID, new Bytes(SIZE))
                        : RawVolume.open(disk, ID);
        return SnapshotDevice.open(disk, ID, raw, OPTIONS, GRAIN);
    }

    private static BlockImage image(SnapshotDevice device, String name) {
        return device.image(device.find(name).orElseThrow().number());
    }

    private static byte[] content(BlockImage image) {
        ByteBuffer shown = ByteBuffer.allocate(SIZE);
        image.read(0, shown);
        return shown.array();
    }
}
