// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.volume;

import io.redoubt.core.fault.FaultException;
import io.redoubt.simulation.machine.SimDisk;
import io.redoubt.simulation.machine.Violation;
import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.block.BlockImage;
import io.redoubt.storage.block.VolumeFault;
import io.redoubt.storage.snapshot.Snapshot;
import io.redoubt.storage.snapshot.SnapshotFault;
import java.nio.ByteBuffer;

/// A disk that turns one bit of a checked file: whoever reads the block gets an error that names it, or the right bytes, never others.
/// Then the bit is turned back.
final class TurnedBit {
    private static final int BLOCK = 4096;
    private static final String CONTENT = "volume.sealed.raw";
    private static final String SAVED = "snapshots.sealed.raw";

    private final VolumeWorld world;
    private final VolumeStack stack;

    TurnedBit(VolumeWorld world, VolumeStack stack) {
        this.world = world;
        this.stack = stack;
    }

    /// Nothing for a volume without checksums.
    void tryOne(BlockDevice client) {
        SimDisk disk = VolumeStack.files(world.host);
        if (!world.setup.checked()) {
            return;
        }
        world.image.alive = true;
        // Checksums of what an unclean stop left are computed at the first use: a bit that turns
        // before it is not found.
        world.oracle.requireNow(0, VolumeWorld.content(client));
        boolean saved = disk.exists(SAVED) && world.random.nextInt(3) == 0;
        if (saved) {
            requireSnapshotsSound(disk);
        } else {
            requireContentSound(disk, client);
        }
    }

    private void requireContentSound(SimDisk disk, BlockDevice client) {
        long bit = world.random.nextLong(8L * world.oracle.size());
        long block = bit / 8 / BLOCK * BLOCK;
        disk.flip(CONTENT, bit);
        for (long at = 0; at < world.oracle.size(); at += BLOCK) {
            byte[] shown = new byte[(int) Math.min(BLOCK, world.oracle.size() - at)];
            if (isDamaged(client, at, shown)) {
                if (at != block) {
                    throw new Violation("block %d is sound and called damaged".formatted(at));
                }
                world.met(Moment.DAMAGE_TOLD);
            } else {
                world.oracle.requireNow((int) at, shown);
                boolean own = stack.hydration == null || stack.hydration.complete();
                if (at == block && own) {
                    throw new Violation("the turned bit in block %d is not found".formatted(at));
                }
            }
        }
        disk.flip(CONTENT, bit);
        world.oracle.requireNow(0, VolumeWorld.content(client));
    }

    /// A bit turns after a clean stop: the next process says so. To be called when every chunk is clean.
    static void whileStopped(VolumeWorld world) {
        if (!world.setup.checked()) {
            return;
        }
        SimDisk disk = VolumeStack.files(world.host);
        world.host.restartProcess();
        long bit = world.random.nextLong(8L * world.oracle.size());
        long block = bit / 8 / BLOCK * BLOCK;
        disk.flip(CONTENT, bit);
        VolumeStack stack = world.start();
        if (stack.hydration == null) { // else the image may be shown there
            byte[] shown = new byte[(int) Math.min(BLOCK, world.oracle.size() - block)];
            if (!isDamaged(stack.base, block, shown)) {
                throw new Violation(
                        "the bit that turned in block %d is not found".formatted(block));
            }
            world.met(Moment.DAMAGE_TOLD_AFTER_A_RESTART);
        }
        disk.flip(CONTENT, bit);
        world.host.restartProcess();
    }

    private static boolean isDamaged(BlockImage image, long at, byte[] shown) {
        try {
            image.read(at, ByteBuffer.wrap(shown));
            return false;
        } catch (FaultException e) {
            if (e.fault() instanceof VolumeFault.Damaged damaged) {
                if (damaged.offset() != at) {
                    throw new Violation(
                            "block %d is damaged and %d is named".formatted(at, damaged.offset()));
                }
                return true;
            }
            throw e;
        }
    }

    private void requireSnapshotsSound(SimDisk disk) {
        new SnapshotLoad(world, stack).requireAll(); // for the same reason
        long bit = world.random.nextLong(8 * VolumeStack.segment(world.setup));
        if (disk.flip(SAVED, bit)) {
            for (Snapshot each : stack.snapshots.list()) {
                if (each.kept()) {
                    requireRightOrRefused(each);
                }
            }
            disk.flip(SAVED, bit);
        }
    }

    private void requireRightOrRefused(Snapshot each) {
        BlockImage image = stack.snapshots.image(each.number());
        byte[] shown = new byte[world.setup.grain()];
        for (int at = 0; at + shown.length <= image.size(); at += shown.length) {
            try {
                image.read(at, ByteBuffer.wrap(shown));
                world.oracle.requireSnapshot(each.name(), at, shown);
            } catch (FaultException e) {
                if (!(e.fault() instanceof VolumeFault.Damaged)
                        || e.fault() instanceof SnapshotFault) {
                    throw e;
                }
                world.met(Moment.DAMAGE_TOLD);
            }
        }
    }
}
