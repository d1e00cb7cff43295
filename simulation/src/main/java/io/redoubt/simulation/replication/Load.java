// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.replication;

import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.block.VolumeFault;
import io.redoubt.storage.replication.SourceVolume;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Objects;
import java.util.SplittableRandom;

/// What the guests do: writes, zeros and flushes on all volumes, and a rest now and then.
final class Load {
    private static final long MILLI = GroupWorld.MILLI;

    private final GroupWorld world;
    private final RoleTraffic roles;
    private final SplittableRandom random;

    Load(GroupWorld world, RoleTraffic roles) {
        this.world = world;
        this.roles = roles;
        this.random = world.random;
    }

    void begin() {
        world.at(0, this::load);
        world.at(500 * MILLI, this::look);
    }

    private void load() {
        for (int i = random.nextInt(4); i >= 0; i--) {
            write();
        }
        if (world.faulty()) {
            // Now and then the guests rest for a while.
            int millis = random.nextInt(40) == 0 ? 2500 : 5 + random.nextInt(120);
            world.at(millis * MILLI, this::load);
        }
    }

    /// Two looks in a row: what nobody writes in between has rested.
    private void look() {
        for (Party<SourceSide> source : world.sources) {
            SourceSide side = source.running();
            if (side != null) {
                boolean _ =
                        source.run(() ->
                                side.volumes.forEach(
                                        v -> look(v, world.setup.volumes().indexOf(v.id()))));
            }
        }
        if (random.nextInt(30) == 0) {
            world.sources.stream()
                    .map(Party::running)
                    .filter(Objects::nonNull)
                    .forEach(SourceSide::verify);
        }
        world.at((random.nextBoolean() ? 2 : 400) * MILLI, this::look);
    }

    private void look(SourceVolume volume, int index) {
        try {
            world.note(volume.lookForRest());
        } catch (FaultException e) {
            flushFailed(volume, index, e);
        }
    }

    private void flushFailed(SourceVolume volume, int index, FaultException e) {
        if (e.fault() instanceof VolumeFault.DiskFailed) {
            world.note(11);
            world.checks.flushFailed(index, volume);
        } else {
            world.note(7); // fenced
        }
    }

    void write() {
        int index = random.nextInt(world.setup.volumes().size());
        Party<SourceSide> source = world.sources.get(world.setup.homes().get(index));
        SourceSide side = source.running();
        if (side == null) {
            return;
        }
        SourceVolume volume = side.find(world.setup.volumes().get(index)).orElse(null);
        if (volume == null) {
            return; // it is no member now
        }
        int volumeBytes = world.setup.volumeBytes();
        int sectors = volumeBytes / 512;
        boolean aligned = random.nextInt(3) > 0;
        int offset = aligned ? random.nextInt(sectors / 8) * 4096 : random.nextInt(sectors) * 512;
        int length = aligned ? 4096 * (1 + random.nextInt(2)) : 512 * (1 + random.nextInt(12));
        length = Math.min(length, volumeBytes - offset);
        int action = random.nextInt(20);
        if (action == 0) {
            boolean _ = source.run(() -> flush(volume, index));
            return;
        }
        byte[] data = new byte[length];
        if (action > 2) {
            random.nextBytes(data);
        }
        boolean zero = action <= 2 && aligned && length % 4096 == 0;
        byte[] piece = Arrays.copyOf(data, Math.min(length, SourceSide.LIMITS.recordBytes()));
        world.checks.writeBegins(index, offset, piece.length);
        boolean _ = source.run(() -> write(volume, index, offset, piece, zero));
    }

    private void flush(SourceVolume volume, int index) {
        try {
            if (volume.mayReply()) {
                volume.flush();
                world.checks.flushed(index);
            }
        } catch (FaultException e) {
            flushFailed(volume, index, e);
        }
    }

    private void write(SourceVolume volume, int index, int offset, byte[] data, boolean zero) {
        try {
            long vseq =
                    zero
                            ? volume.tryZero(offset, data.length)
                            : volume.tryWrite(offset, ByteBuffer.wrap(data));
            world.note(vseq);
            world.checks.writeEnded(index, vseq, offset, data);
            if (volume.mayReply()) {
                if (vseq >= 0) {
                    roles.acknowledged();
                } else {
                    int source = world.setup.homes().get(index);
                    long now = world.sources.get(source).host.clock().bootNanos();
                    world.checks.held(source, volume.id(), now);
                }
            }
        } catch (FaultException e) {
            world.checks.writeEnded(index, -1, offset, data);
            if (e.fault() instanceof VolumeFault.DiskFailed) {
                world.note(12);
                world.checks.writeFailed(index, volume, offset, data.length);
            }
        }
    }
}
