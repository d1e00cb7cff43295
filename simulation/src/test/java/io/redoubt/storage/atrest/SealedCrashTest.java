// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import io.redoubt.simulation.machine.ProcessKilled;
import io.redoubt.simulation.machine.SimHost;
import io.redoubt.simulation.machine.SimTime;
import io.redoubt.simulation.machine.SyncLedger;
import io.redoubt.storage.block.AfterSync;
import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.block.BlockImage;
import io.redoubt.storage.block.ByteOracle;
import io.redoubt.storage.block.Overlay;
import io.redoubt.storage.block.RawVolume;
import io.redoubt.storage.block.VolumeFault;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SealedCrashTest {
    private static final VolumeId ID = new VolumeId("vol-7");
    private static final int SIZE = 24 << 10;
    private static final int CHUNK =
            8 << 10; // three of them, so that some are clean and some dirty
    private static final int IMAGE = 63; // every byte of the image
    private static final int SEEDS = 400;
    private static final int CRASHES = 6;
    private static final Sealing BOTH = new Sealing(true, true);

    @TempDir static Path root;
    private static KeyWrapper key;

    @BeforeAll
    static void makeKey() {
        key = FileRegionKey.openOrMake(root.resolve("region.key"));
    }

    enum Subject {
        ENCRYPTED(true, false, false),
        CHECKED(false, true, false),
        BOTH(true, true, false),
        OVERLAY_OF_BOTH(true, true, true);

        final boolean encrypted;
        final boolean checked;
        final boolean overlay;

        Subject(boolean encrypted, boolean checked, boolean overlay) {
            this.encrypted = encrypted;
            this.checked = checked;
            this.overlay = overlay;
        }

        /// @param exists its making has returned once, so it must be there
        BlockDevice open(SimHost host, boolean exists) {
            Disk disk = sealed(host, new Sealing(encrypted, checked));
            if (overlay) {
                String boot = host.clock().bootId();
                return !exists && !Overlay.exists(disk, ID)
                        ? Overlay.createAllocated(disk, ID, new Plain(), "i", boot)
                        : Overlay.open(disk, ID, new Plain(), "i", boot);
            }
            return !exists && RawVolume.find(disk, ID).isEmpty()
                    ? RawVolume.create(disk, ID, new Bytes(SIZE))
                    : RawVolume.open(disk, ID);
        }

        int background() {
            return overlay ? IMAGE : 0;
        }
    }

    private static SealedDisk sealed(SimHost host, Sealing sealing) {
        return new SealedDisk(host.disk("v"), ID, sealing, () -> key, host.clock(), CHUNK);
    }

    private static final class Plain implements BlockImage {
        @Override
        public long size() {
            return SIZE;
        }

        @Override
        public void read(long offset, ByteBuffer into) {
            while (into.hasRemaining()) {
                into.put((byte) IMAGE);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void no_crash_at_any_disk_call_breaks_what_a_volume_promises(Subject subject) {
        for (long seed = 0; seed < SEEDS; seed++) {
            assertThat(run(subject, seed, new SyncLedger()))
                    .as("%s seed %d", subject, seed)
                    .isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_disk_that_tears_inside_sectors_harms_only_those_that_were_being_written(
            Subject subject) {
        for (long seed = 0; seed < SEEDS; seed++) {
            var random = new SplittableRandom(seed);
            var time = new SimTime();
            var host = new SimHost(random.split(), time);
            var oracle = new ByteOracle(SIZE, subject.background());
            BlockDevice made = subject.open(host, false);
            host.killAfter(random.nextInt(1, 80));
            try {
                work(made, oracle, random, time);
            } catch (ProcessKilled _) {
                // as drawn
            }
            if (random.nextBoolean()) {
                host.powerLoss();
            } else {
                host.restartProcess();
            }
            byte[] shown = content(subject.open(host, true));
            assertThat(oracle.afterTearing(shown)).as("%s seed %d", subject, seed).isEmpty();
        }
    }

    /// A chunk that is about to be called clean is written once more, after its data was synced: it must stay dirty.
    @Test
    void a_write_in_the_middle_of_a_settling_keeps_its_chunk_dirty() {
        for (long seed = 0; seed < 40; seed++) {
            var time = new SimTime();
            var host = new SimHost(new SplittableRandom(seed), time);
            host.wholeSectors();
            var hook = new AfterSync(host.disk("v"), "volume.sealed.raw");
            var disk = new SealedDisk(hook, ID, BOTH, () -> key, host.clock(), CHUNK);
            RawVolume volume = RawVolume.create(disk, ID, new Bytes(SIZE));
            volume.write(0, block(1));
            for (int rest = 0; rest < 2; rest++) {
                time.advanceTo(time.nanos() + Settling.QUIET.toNanos());
                hook.then = rest == 0 ? () -> {} : () -> volume.write(0, block(2));
                volume.flush();
            }
            host.powerLoss();
            byte[] shown = content(Subject.BOTH.open(host, true));
            for (int i = 0; i < 4096; i++) {
                assertThat(shown[i]).as("seed %d byte %d", seed, i).isBetween((byte) 1, (byte) 2);
            }
        }
    }

    @Test
    void an_end_that_was_cut_off_and_comes_back_with_the_power_is_not_taken_for_damage() {
        for (long seed = 0; seed < SEEDS; seed++) {
            assertThat(runComeBack(seed, new SyncLedger())).as("seed %d", seed).isEmpty();
        }
    }

    /// Read by the next process, its checksums are true; but it is in the page cache alone.
    @Test
    void what_a_killed_process_wrote_is_durable_before_its_chunk_is_called_clean() {
        for (long seed = 0; seed < SEEDS; seed++) {
            var time = new SimTime();
            var host = new SimHost(new SplittableRandom(seed), time);
            host.wholeSectors();
            BlockDevice device = Subject.BOTH.open(host, false);
            device.write(0, block(1));
            device.close();
            Subject.BOTH.open(host, true).write(0, block(2));
            host.restartProcess();
            BlockDevice next = Subject.BOTH.open(host, true);
            assertThat(content(next)[0]).isEqualTo((byte) 2);
            time.advanceTo(time.nanos() + Settling.QUIET.toNanos());
            host.killAfter(1 + seed % 5);
            try {
                next.flush();
            } catch (ProcessKilled _) {
                // as drawn
            }
            host.powerLoss();
            byte[] shown = content(Subject.BOTH.open(host, true));
            for (int i = 0; i < 4096; i++) {
                assertThat(shown[i]).as("seed %d byte %d", seed, i).isBetween((byte) 1, (byte) 2);
            }
        }
    }

    private static ByteBuffer block(int value) {
        byte[] bytes = new byte[4096];
        Arrays.fill(bytes, (byte) value);
        return ByteBuffer.wrap(bytes);
    }

    @Test
    void an_erased_key_stays_erased_whenever_the_power_fails() {
        for (long seed = 0; seed < SEEDS; seed++) {
            assertThat(runErasure(seed, new SyncLedger())).as("seed %d", seed).isEmpty();
        }
    }

    /// As saved data is cut when its snapshots go, and grows again.
    @Test
    void checksums_of_what_was_cut_off_do_not_come_back_when_the_power_fails() {
        for (long seed = 0; seed < SEEDS; seed++) {
            assertThat(runCut(seed, new SyncLedger())).as("seed %d", seed).isEmpty();
        }
    }

    @Test
    void every_sync_is_needed() {
        var ledger = new SyncLedger();
        for (long seed = 0; seed < 50; seed++) {
            for (Subject subject : Subject.values()) {
                run(subject, seed, ledger);
            }
            runErasure(seed, ledger);
            runCut(seed, ledger);
            runComeBack(seed, ledger);
        }
        Set<String> sites = new TreeSet<>(ledger.sites());
        // The others are proved in BlockCrashTest.
        sites.removeIf(site -> !site.contains(".atrest.") || site.contains("CrashTest"));
        assertThat(sites).hasSizeGreaterThanOrEqualTo(4);
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
            for (Subject subject : Subject.values()) {
                if (!run(subject, seed, new SyncLedger(site)).isEmpty()) {
                    return true;
                }
            }
            if (!runErasure(seed, new SyncLedger(site)).isEmpty()
                    || !runCut(seed, new SyncLedger(site)).isEmpty()
                    || !runComeBack(seed, new SyncLedger(site)).isEmpty()) {
                return true;
            }
        }
        return false;
    }

    /// @return what broke, or nothing
    private static String run(Subject subject, long seed, SyncLedger ledger) {
        var random = new SplittableRandom(seed);
        var time = new SimTime();
        var host = new SimHost(random.split(), time, ledger);
        host.wholeSectors();
        var oracle = new ByteOracle(SIZE, subject.background());
        boolean exists = false;
        for (int crash = 0; crash < CRASHES; crash++) {
            host.killAfter(random.nextInt(1, crash == 0 ? 30 : 120)); // the making is short
            try {
                BlockDevice device = subject.open(host, exists);
                exists = true;
                work(device, oracle, random, time);
                if (random.nextBoolean()) {
                    device.close();
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
                String broken = look(subject, host, oracle, power);
                if (!broken.isEmpty()) {
                    return broken;
                }
                host.restartProcess();
            }
        }
        return "";
    }

    private static String look(Subject subject, SimHost host, ByteOracle oracle, boolean power) {
        try {
            byte[] shown = content(subject.open(host, true));
            return power ? oracle.afterPowerLoss(shown) : oracle.afterProcessCrash(shown);
        } catch (FaultException e) {
            return "not opened again: " + e.getMessage();
        }
    }

    private static void work(
            BlockDevice device, ByteOracle oracle, SplittableRandom random, SimTime time) {
        for (int step = 0; step < 40; step++) {
            time.advanceTo(time.nanos() + random.nextLong(Settling.QUIET.toNanos()));
            int kind = random.nextInt(6);
            if (kind == 0) {
                device.flush();
                oracle.flushed();
                continue;
            }
            // Often in one chunk only, so that the others become quiet.
            int room = random.nextInt(3) == 0 ? SIZE : CHUNK;
            int length = random.nextInt(1, random.nextBoolean() ? 600 : room);
            int from = random.nextInt(room - length);
            if (random.nextBoolean()) {
                from -= from % 512;
            }
            int value = kind == 1 ? 0 : random.nextInt(1, 63);
            oracle.writing(from, from + length, value);
            if (kind == 1) {
                device.zero(from, length);
            } else {
                ByteBuffer bytes = ByteBuffer.allocate(length);
                Arrays.fill(bytes.array(), (byte) value);
                device.write(from, bytes);
            }
            oracle.written();
        }
    }

    private static byte[] content(BlockDevice device) {
        ByteBuffer shown = ByteBuffer.allocate(SIZE);
        device.read(0, shown);
        return shown.array();
    }

    /// A key that was erased, or deleted with its file, does not come back; one whose erasure was cut off is erased by the repetition.
    private static String runErasure(long seed, SyncLedger ledger) {
        var random = new SplittableRandom(seed);
        var host = new SimHost(random.split(), new SimTime(), ledger);
        Subject.BOTH.open(host, false).close();
        boolean erased = false;
        while (!erased) {
            host.killAfter(random.nextInt(1, 8));
            try {
                if (random.nextBoolean()) {
                    SealedDisk.erase(host.disk("v"));
                } else {
                    sealed(host, BOTH).delete("volume.raw");
                }
                erased = true;
            } catch (ProcessKilled _) {
                // as drawn
            }
            host.powerLoss();
        }
        try {
            Subject.BOTH.open(host, true);
            return "it can be opened after its erasure";
        } catch (FaultException e) {
            return e.fault() instanceof VolumeFault.WrongKey ? "unexpected " + e.getMessage() : "";
        }
    }

    /// Everything was settled; then the file is cut and grown, and its data is synced, so it is zeros behind the cut.
    private static String runCut(long seed, SyncLedger ledger) {
        var host = new SimHost(new SplittableRandom(seed), new SimTime(), ledger);
        host.wholeSectors();
        try (DiskFile file = sealed(host, BOTH).create("saved.raw")) {
            file.allocate(3 * CHUNK);
            for (int at = 0; at < 3 * CHUNK; at += 4096) {
                file.write(at, block(1));
            }
            sealed(host, BOTH).sync();
        }
        DiskFile file = sealed(host, BOTH).open("saved.raw");
        file.truncate(CHUNK);
        file.allocate(3 * CHUNK);
        file.sync();
        host.powerLoss();
        ByteBuffer shown = ByteBuffer.allocate(3 * CHUNK);
        try {
            int _ = sealed(host, BOTH).open("saved.raw").read(0, shown);
        } catch (FaultException e) {
            return "refused: " + e.getMessage();
        }
        for (int i = 0; i < 3 * CHUNK; i++) {
            if (shown.get(i) != (i < CHUNK ? 1 : 0)) {
                return "byte %d is %d".formatted(i, shown.get(i));
            }
        }
        return "";
    }

    /// The chunks that are cut off are clean: were their checksums gone before their data, the data that comes back would look damaged.
    private static String runComeBack(long seed, SyncLedger ledger) {
        var host = new SimHost(new SplittableRandom(seed), new SimTime(), ledger);
        host.wholeSectors();
        try (DiskFile file = sealed(host, BOTH).create("saved.raw")) {
            file.allocate(SIZE);
            for (int at = 0; at < SIZE; at += 4096) {
                file.write(at, block(1));
            }
            sealed(host, BOTH).sync();
        }
        try {
            DiskFile file = sealed(host, BOTH).open("saved.raw");
            if (seed % 2 == 0) {
                host.killAfter(1 + (int) (seed / 2 % 6));
            }
            file.truncate(CHUNK);
        } catch (ProcessKilled _) {
            // in the middle of it
        }
        host.powerLoss();
        ByteBuffer shown = ByteBuffer.allocate(SIZE);
        try {
            int _ = sealed(host, BOTH).open("saved.raw").read(0, shown);
        } catch (FaultException e) {
            return "refused: " + e.getMessage();
        }
        for (int i = 0; i < shown.position(); i++) {
            if (shown.get(i) != 1) {
                return "byte %d is %d".formatted(i, shown.get(i));
            }
        }
        return "";
    }
}
