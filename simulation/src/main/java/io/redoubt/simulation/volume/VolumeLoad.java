// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.volume;

import static io.redoubt.simulation.volume.VolumeSetup.SECTOR;

import io.redoubt.core.fault.FaultException;
import io.redoubt.simulation.machine.Violation;
import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.block.Hydration;
import io.redoubt.storage.block.VolumeFault;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// What several clients, a hydration and an operator do to a volume in one life of its process.
final class VolumeLoad {
    private static final int STEPS_MAX = 60;
    private static final int LENGTH_MAX = 9000;
    private static final int CLIENTS = 3;
    private static final long REST_NANOS_MAX = Duration.ofSeconds(12).toNanos();

    private final VolumeWorld world;
    private final VolumeStack stack;
    private final VolumeOracle oracle;
    private final SplittableRandom random;
    private final SnapshotLoad snapshots;
    private final List<BlockDevice> clients = new ArrayList<>();
    private long number;

    VolumeLoad(VolumeWorld world, VolumeStack stack) {
        this.world = world;
        this.stack = stack;
        this.oracle = world.oracle;
        this.random = world.random;
        this.snapshots = new SnapshotLoad(world, stack);
    }

    void work() {
        snapshots.finishRevert();
        raise();
        for (int left = random.nextInt(STEPS_MAX); left > 0; left--) {
            step();
        }
    }

    private void step() {
        BlockDevice client = clients.get(random.nextInt(clients.size()));
        int kind = random.nextInt(32);
        switch (kind) {
            case 0, 1 -> flush(client, this::maybeWrite);
            case 2, 3, 4 -> read(client);
            case 5, 6, 7, 8 -> hydrate();
            case 9 -> world.rest(random.nextLong(REST_NANOS_MAX));
            case 10 -> raise();
            case 11 -> grow();
            case 12 -> world.image.alive = !world.image.alive;
            case 13 -> scrub();
            case 14 -> new TurnedBit(world, stack).tryOne(client);
            case 15 -> world.widen(stack);
            case 16, 17, 18, 19, 20 -> {
                world.image.alive = true;
                snapshots.step(this::maybeWrite);
            }
            default -> change(client);
        }
    }

    /// A new attachment: from its confirmation on, the older ones are refused.
    private void raise() {
        List<BlockDevice> older = List.copyOf(clients);
        world.attempted = stack.fence.mark().number() + random.nextInt(1, 4);
        number = world.attempted;
        stack.fence.raise(number, new UUID(7, number), Duration.ZERO);
        world.confirmed = number;
        clients.clear();
        for (int i = 0; i < CLIENTS; i++) {
            clients.add(stack.fence.attach(number, () -> {}));
        }
        for (BlockDevice each : older) {
            try {
                each.write(0, ByteBuffer.allocate(SECTOR));
                throw new Violation("a fenced client wrote");
            } catch (FaultException e) {
                if (!(e.fault() instanceof VolumeFault.Fenced)) {
                    throw e;
                }
            }
        }
    }

    /// In the middle of another call, a client's write passes; never a flush, which in truth would wait for the one that is under way.
    private void maybeWrite() {
        if (random.nextBoolean()) {
            world.image.alive = true;
            boolean _ = change(clients.get(random.nextInt(clients.size())), random.nextInt(8));
        }
    }

    private void flush(BlockDevice client, Runnable meanwhile) {
        world.tell("flush");
        oracle.flushing();
        world.duringContentSync(meanwhile);
        client.flush();
        world.duringContentSync(null);
        oracle.flushed();
    }

    private void read(BlockDevice client) {
        int length = random.nextInt(1, LENGTH_MAX);
        int offset = random.nextInt(Math.max(1, oracle.size() - length));
        byte[] shown = new byte[Math.min(length, oracle.size() - offset)];
        try {
            client.read(offset, ByteBuffer.wrap(shown));
            oracle.requireNow(offset, shown);
            world.note(shown[shown.length / 2]);
        } catch (FaultException e) {
            requireSourceGone(e);
        }
    }

    private void requireSourceGone(FaultException e) {
        if (world.image.alive || !(e.fault() instanceof VolumeFault.SourceGone)) {
            throw e;
        }
        world.met(Moment.SOURCE_GONE);
    }

    /// A write, with or without force unit access, zeros or a trim.
    private void change(BlockDevice client) {
        int kind = random.nextInt(8);
        if (change(client, kind) && kind == 2) {
            world.tell("for good");
            oracle.flushing();
            client.flush();
            oracle.flushed();
        }
    }

    /// @return whether it was not refused
    private boolean change(BlockDevice client, int kind) {
        int length = random.nextInt(1, random.nextBoolean() ? 2 * SECTOR : LENGTH_MAX);
        int offset = random.nextInt(oracle.size());
        if (random.nextInt(4) > 0) { // as guests do
            offset -= offset % SECTOR;
            length += SECTOR - 1 - (length - 1) % SECTOR;
        }
        length = Math.min(length, oracle.size() - offset);
        if (!oracle.names().isEmpty()) {
            world.image.alive = true; // what cannot be saved is lost to a snapshot, not wrong
        }
        byte[] data = kind < 2 ? new byte[length] : world.pattern(offset, length);
        oracle.writing(offset, data);
        String what = kind == 0 ? "zero" : kind == 1 ? "trim" : "write";
        world.tell("%s of %d at %d".formatted(what, length, offset));
        try {
            switch (kind) {
                case 0 -> client.zero(offset, length);
                case 1 -> client.trim(offset, length);
                default -> client.write(offset, ByteBuffer.wrap(data));
            }
            oracle.written();
        } catch (FaultException e) {
            refused(e);
            return false;
        }
        return true;
    }

    private void refused(FaultException e) {
        if (e.fault() instanceof VolumeFault.Full && world.setup.tight()) {
            world.met(Moment.FULL);
        } else {
            requireSourceGone(e);
        }
        world.image.alive = true;
        byte[] shown = VolumeWorld.content(stack.slot);
        oracle.refused(shown);
    }

    private void hydrate() {
        Hydration hydration = stack.hydration;
        if (hydration == null) {
            return;
        }
        world.image.meanwhile = this::maybeWrite;
        boolean alive = world.image.alive;
        try {
            world.tell("hydrates %d".formatted(hydration.step()));
            if (hydration.complete()) {
                world.image.dropped = true;
                world.met(Moment.HYDRATED);
            }
        } catch (FaultException e) {
            if (e.fault() instanceof VolumeFault.Full && world.setup.tight()) {
                world.met(Moment.FULL);
            } else if (alive) {
                throw e;
            }
        } finally {
            world.image.meanwhile = () -> {};
        }
    }

    private void grow() {
        if (stack.base instanceof io.redoubt.storage.block.RawVolume
                && oracle.size() < world.setup.sizeMax()) {
            int wanted =
                    Math.min(world.setup.sizeMax(), oracle.size() + SECTOR * random.nextInt(1, 12));
            world.grow(stack, wanted);
        }
    }

    private void scrub() {
        @Nullable List<Long> damaged =
                stack.content
                        .scrub()
                        .map(scrub -> {
                            boolean _ = scrub.step(random.nextInt(1, 6) * 4096);
                            return scrub.progress().damaged();
                        })
                        .orElse(null);
        if (damaged != null && !damaged.isEmpty()) {
            throw new Violation("a scrub calls sound blocks damaged: " + damaged);
        }
    }
}
