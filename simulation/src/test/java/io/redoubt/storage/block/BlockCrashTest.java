// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.simulation.machine.ProcessKilled;
import io.redoubt.simulation.machine.SimHost;
import io.redoubt.simulation.machine.SimTime;
import io.redoubt.simulation.machine.SyncLedger;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BlockCrashTest {
    private static final VolumeId ID = new VolumeId("vol-7");
    private static final int SIZE = 24 << 10;
    private static final int IMAGE = 63; // every byte of the image
    private static final int SEEDS = 400;
    private static final int CRASHES = 5;

    /// What is made, and reopened after each crash.
    enum Subject {
        RAW {
            @Override
            BlockDevice open(SimHost host, boolean exists) {
                Disk disk = host.disk("v");
                if (!exists && RawVolume.find(disk, ID).isEmpty()) {
                    return RawVolume.create(disk, ID, new Bytes(SIZE));
                }
                return RawVolume.open(disk, ID);
            }

            @Override
            int background() {
                return 0;
            }
        },
        SPARSE_OVERLAY {
            @Override
            BlockDevice open(SimHost host, boolean exists) {
                Disk disk = host.disk("v");
                String boot = host.clock().bootId();
                return !exists && !Overlay.exists(disk, ID)
                        ? Overlay.createSparse(disk, ID, new Plain(), "i", new Bytes(SIZE), boot)
                        : Overlay.open(disk, ID, new Plain(), "i", boot);
            }
        },
        ALLOCATED_OVERLAY {
            @Override
            BlockDevice open(SimHost host, boolean exists) {
                Disk disk = host.disk("v");
                String boot = host.clock().bootId();
                return !exists && !Overlay.exists(disk, ID)
                        ? Overlay.createAllocated(disk, ID, new Plain(), "i", boot)
                        : Overlay.open(disk, ID, new Plain(), "i", boot);
            }
        };

        /// @param exists its making has returned once, so it must be there
        abstract BlockDevice open(SimHost host, boolean exists);

        int background() {
            return IMAGE;
        }
    }

    /// An image of one value, which is neither zero nor a value that is written.
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

    @Test
    void no_crash_at_any_disk_call_takes_a_confirmed_fence_back() {
        for (long seed = 0; seed < SEEDS; seed++) {
            assertThat(runFence(seed, new SyncLedger())).as("seed %d", seed).isEmpty();
        }
    }

    @Test
    void no_crash_at_any_disk_call_leaves_a_volume_half_grown() {
        for (long seed = 0; seed < SEEDS; seed++) {
            assertThat(runGrowth(seed, new SyncLedger())).as("seed %d", seed).isEmpty();
        }
    }

    /// A write that comes while a flush syncs the data must wait for the next flush, or its bit would be durable before its data.
    @Test
    void a_write_in_the_middle_of_a_flush_is_not_durably_owned_before_its_data() {
        for (long seed = 0; seed < 40; seed++) {
            var host = new SimHost(new SplittableRandom(seed), new SimTime());
            var hook = new AfterSync(host.disk("v"));
            String boot = host.clock().bootId();
            Overlay overlay =
                    Overlay.createSparse(hook, ID, new Plain(), "i", new Bytes(SIZE), boot);
            overlay.write(0, ByteBuffer.wrap(new byte[] {1}));
            hook.then = () -> overlay.write(8192, ByteBuffer.wrap(new byte[512]));
            overlay.flush();
            host.powerLoss();
            Overlay after =
                    Overlay.open(host.disk("v"), ID, new Plain(), "i", host.clock().bootId());
            assertThat(content(after)[8192]).as("seed %d", seed).isEqualTo((byte) IMAGE);
        }
    }

    @Test
    void every_sync_is_needed() {
        var ledger = new SyncLedger();
        for (long seed = 0; seed < 50; seed++) {
            for (Subject subject : Subject.values()) {
                run(subject, seed, ledger);
            }
            runFence(seed, ledger);
            runGrowth(seed, ledger);
        }
        Set<String> sites = ledger.sites();
        assertThat(sites).hasSizeGreaterThanOrEqualTo(7);
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
            if (!runFence(seed, new SyncLedger(site)).isEmpty()
                    || !runGrowth(seed, new SyncLedger(site)).isEmpty()) {
                return true;
            }
        }
        return false;
    }

    /// @return what broke, or nothing
    private static String run(Subject subject, long seed, SyncLedger ledger) {
        var random = new SplittableRandom(seed);
        var host = new SimHost(random.split(), new SimTime(), ledger);
        var oracle = new ByteOracle(SIZE, subject.background());
        boolean exists = false;
        for (int crash = 0; crash < CRASHES; crash++) {
            host.killAfter(random.nextInt(1, crash == 0 ? 20 : 60)); // the making is short
            try {
                BlockDevice device = subject.open(host, exists);
                exists = true;
                work(device, oracle, random);
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
                try {
                    byte[] shown = content(subject.open(host, true));
                    String broken =
                            power ? oracle.afterPowerLoss(shown) : oracle.afterProcessCrash(shown);
                    if (!broken.isEmpty()) {
                        return broken;
                    }
                } catch (FaultException e) {
                    return "not opened again: " + e.getMessage();
                }
                host.restartProcess();
            }
        }
        return "";
    }

    private static void work(BlockDevice device, ByteOracle oracle, SplittableRandom random) {
        for (int step = 0; step < 40; step++) {
            int kind = random.nextInt(6);
            if (kind == 0) {
                device.flush();
                oracle.flushed();
                continue;
            }
            int length = random.nextInt(1, random.nextBoolean() ? 600 : 9000);
            int from = random.nextInt(SIZE - length);
            if (random.nextBoolean()) {
                from -= from % 512;
            }
            int value = kind == 1 ? 0 : random.nextInt(1, 63);
            oracle.writing(from, from + length, value);
            if (kind == 1) {
                device.zero(from, length);
            } else {
                ByteBuffer bytes = ByteBuffer.allocate(length);
                java.util.Arrays.fill(bytes.array(), (byte) value);
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

    private static String runFence(long seed, SyncLedger ledger) {
        var random = new SplittableRandom(seed);
        var host = new SimHost(random.split(), new SimTime(), ledger);
        long confirmed = 0;
        long attempted = 0;
        for (int crash = 0; crash < CRASHES; crash++) {
            host.killAfter(random.nextInt(1, 15));
            try {
                Fence fence = Fence.open(host.disk("v"), ID, new NoDevice());
                long mark = fence.mark().number();
                if (mark < confirmed || mark > attempted) {
                    return "at %d, confirmed was %d".formatted(mark, confirmed);
                }
                confirmed = mark;
                while (true) {
                    attempted = fence.mark().number() + random.nextInt(1, 4);
                    fence.raise(attempted, new UUID(seed, attempted), Duration.ZERO);
                    confirmed = attempted;
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

    /// The size shown is always one that was confirmed or asked for; what is new is zero.
    private static String runGrowth(long seed, SyncLedger ledger) {
        var random = new SplittableRandom(seed);
        var host = new SimHost(random.split(), new SimTime(), ledger);
        long confirmed = 0;
        long attempted = SIZE;
        for (int crash = 0; crash < CRASHES; crash++) {
            host.killAfter(random.nextInt(1, crash == 0 ? 30 : 20));
            Disk disk = host.disk("v");
            try {
                boolean found = RawVolume.find(disk, ID).isPresent();
                if (!found && confirmed > 0) {
                    return "gone";
                }
                RawVolume volume =
                        found
                                ? RawVolume.open(disk, ID)
                                : RawVolume.create(disk, ID, new Bytes(SIZE));
                if (volume.size() < confirmed || volume.size() > attempted) {
                    return "%d bytes, not %d to %d".formatted(volume.size(), confirmed, attempted);
                }
                confirmed = volume.size();
                while (true) {
                    attempted = confirmed + 512L * random.nextInt(1, 9);
                    volume.grow(new Bytes(attempted));
                    ByteBuffer fresh = ByteBuffer.allocate((int) (attempted - confirmed));
                    volume.read(confirmed, fresh);
                    for (byte value : fresh.array()) {
                        if (value != 0) {
                            return "the new room is not zero";
                        }
                    }
                    confirmed = attempted;
                    volume.write(confirmed - 1, ByteBuffer.wrap(new byte[] {1}));
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

    /// Nothing stands behind a fence that is only raised.
    private static final class NoDevice implements BlockDevice {
        @Override
        public long size() {
            return 0;
        }

        @Override
        public void read(long offset, ByteBuffer into) {}

        @Override
        public void write(long offset, ByteBuffer from) {}

        @Override
        public void zero(long offset, long length) {}

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }
}
