// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.Fault;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.simulation.machine.ProcessKilled;
import io.redoubt.simulation.machine.SimDisk;
import io.redoubt.simulation.machine.SimHost;
import io.redoubt.simulation.machine.SimTime;
import io.redoubt.simulation.machine.SyncLedger;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class HydrationCrashTest {
    private static final VolumeId ID = new VolumeId("vol-7");
    private static final int SIZE = 20 << 10;
    private static final int PIECE = 3 << 10; // not a multiple of a block
    private static final int IMAGE = 63;
    private static final int SEEDS = 1000;
    private static final int CRASHES = 5;

    /// An image that dies and comes back, and lets guests write in the middle of a read of it.
    private static final class Source implements BlockImage {
        private boolean alive = true;
        private boolean dropped;
        private Runnable meanwhile = () -> {};

        /// A network that does not answer.
        record NoAnswer() implements Fault {
            @Override
            public String message() {
                return "the source does not answer";
            }

            @Override
            public String remedy() {
                return "wait";
            }
        }

        @Override
        public long size() {
            return SIZE;
        }

        @Override
        public void read(long offset, ByteBuffer into) {
            if (dropped) {
                throw new IllegalStateException("read after it was dropped");
            }
            if (!alive) {
                throw new FaultException(new NoAnswer());
            }
            while (into.hasRemaining()) {
                into.put((byte) IMAGE);
            }
            Runnable now = meanwhile;
            meanwhile = () -> {};
            now.run();
        }
    }

    @Test
    void no_crash_and_no_death_of_the_source_loses_a_write_or_shows_other_bytes() {
        for (long seed = 0; seed < SEEDS; seed++) {
            assertThat(run(seed, new SyncLedger())).as("seed %d", seed).isEmpty();
        }
    }

    @Test
    void every_sync_is_needed() {
        var ledger = new SyncLedger();
        for (long seed = 0; seed < 50; seed++) {
            run(seed, ledger);
        }
        Set<String> sites = ledger.sites();
        assertThat(sites).hasSizeGreaterThanOrEqualTo(6);
        var needless = new TreeSet<String>();
        for (String site : sites) {
            if (!isNeeded(site)) {
                needless.add(site);
            }
        }
        assertThat(needless).as("syncs whose absence no seed noticed").isEmpty();
    }

    /// What was reserved for a copy that found the disk full is free again: else a later write met a quota that nothing uses up.
    @Test
    void a_copy_that_finds_the_disk_full_takes_nothing_of_the_quota() {
        var host = new SimHost(new SplittableRandom(1), new SimTime());
        SimDisk disk = host.disk("v");
        try (Overlay overlay =
                Overlay.createSparse(disk, ID, new Source(), "i", new Bytes(SIZE), "boot")) {
            disk.capacity(disk.used());
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(() -> overlay.adopt(0, SIZE, ByteBuffer.allocate(SIZE)))
                        .isInstanceOf(FaultException.class);
            }
            disk.capacity(1 << 20);
            overlay.write(0, ByteBuffer.allocate(SIZE));
            assertThat(overlay.adoptedBytes()).isEqualTo(SIZE);
        }
    }

    private static boolean isNeeded(String site) {
        for (long seed = 0; seed < SEEDS; seed++) {
            if (!run(seed, new SyncLedger(site)).isEmpty()) {
                return true;
            }
        }
        return false;
    }

    private static String run(long seed, SyncLedger ledger) {
        var random = new SplittableRandom(seed);
        var host = new SimHost(random.split(), new SimTime(), ledger);
        var oracle = new ByteOracle(SIZE, IMAGE);
        boolean exists = false;
        for (int crash = 0; crash < CRASHES; crash++) {
            host.killAfter(random.nextInt(1, crash == 0 ? 25 : 80));
            var source = new Source();
            try {
                BlockDevice device = open(host, source, exists);
                exists = true;
                String broken = work(device, source, oracle, random);
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
                try {
                    byte[] shown = content(open(host, new Source(), true));
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

    private static BlockDevice open(SimHost host, Source source, boolean exists) {
        Disk disk = host.disk("v");
        String boot = host.clock().bootId();
        if (Overlay.becameRaw(disk, ID)) {
            source.dropped = true;
            return RawVolume.open(disk, ID);
        }
        return !exists && !Overlay.exists(disk, ID)
                ? Overlay.createSparse(disk, ID, source, "i", new Bytes(SIZE), boot)
                : Overlay.open(disk, ID, source, "i", boot);
    }

    private static String work(
            BlockDevice device, Source source, ByteOracle oracle, SplittableRandom random) {
        @Nullable Hydration hydration =
                device instanceof Overlay overlay ? new Hydration(overlay, PIECE) : null;
        for (int step = 0; step < 30; step++) {
            switch (random.nextInt(8)) {
                case 0 -> {
                    device.flush();
                    oracle.flushed();
                }
                case 1 -> source.alive = !source.alive;
                case 2, 3, 4 -> {
                    if (hydration != null) {
                        if (random.nextBoolean()) {
                            source.meanwhile = () -> write(device, true, oracle, random);
                        }
                        String broken = hydrate(hydration, source);
                        source.meanwhile = () -> {};
                        if (!broken.isEmpty()) {
                            return broken;
                        }
                    }
                }
                default -> write(device, !source.alive || random.nextBoolean(), oracle, random);
            }
        }
        return "";
    }

    private static String hydrate(Hydration hydration, Source source) {
        try {
            long _ = hydration.step();
            if (hydration.complete()) {
                source.dropped = true;
            }
        } catch (FaultException e) {
            if (source.alive || !(e.fault() instanceof VolumeFault.SourceGone)) {
                return "hydration refused: " + e.getMessage();
            }
        }
        return "";
    }

    /// Whole sectors need no source.
    private static void write(
            BlockDevice device, boolean aligned, ByteOracle oracle, SplittableRandom random) {
        int length = random.nextInt(1, random.nextBoolean() ? 600 : 6000);
        int from = random.nextInt(SIZE - length);
        if (aligned) {
            length = (length + 511) / 512 * 512;
            from -= from % 512;
            from = Math.min(from, SIZE - length);
        }
        boolean zero = random.nextInt(5) == 0;
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

    private static byte[] content(BlockDevice device) {
        ByteBuffer shown = ByteBuffer.allocate(SIZE);
        device.read(0, shown);
        return shown.array();
    }
}
