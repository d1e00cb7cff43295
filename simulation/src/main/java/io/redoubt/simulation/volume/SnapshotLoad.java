// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.volume;

import static io.redoubt.simulation.volume.VolumeSetup.SECTOR;

import io.redoubt.core.fault.FaultException;
import io.redoubt.simulation.machine.Violation;
import io.redoubt.storage.block.VolumeFault;
import io.redoubt.storage.snapshot.ChangedGrains;
import io.redoubt.storage.snapshot.Snapshot;
import io.redoubt.storage.snapshot.SnapshotDevice;
import io.redoubt.storage.snapshot.SnapshotFault;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/// Snapshots of the volume: made, deleted, gone back to, read, compared.
final class SnapshotLoad {
    private static final int KEPT_MAX = 5;

    private final VolumeWorld world;
    private final VolumeStack stack;
    private final VolumeOracle oracle;
    private final SnapshotDevice device;
    private final SplittableRandom random;

    SnapshotLoad(VolumeWorld world, VolumeStack stack) {
        this.world = world;
        this.stack = stack;
        this.oracle = world.oracle;
        this.device = stack.snapshots;
        this.random = world.random;
    }

    /// @param meanwhile a client's write in the middle of it
    void step(Runnable meanwhile) {
        String name = oracle.any(random);
        int kind = random.nextInt(8);
        if (name == null || kind < 3) {
            create(meanwhile);
            return;
        }
        switch (kind) {
            case 3 -> delete(name);
            case 4 -> revert(name);
            case 5 -> compare();
            default -> read(name);
        }
    }

    private void create(Runnable meanwhile) {
        if (oracle.names().size() >= KEPT_MAX) {
            return;
        }
        String name = world.nextName();
        world.tell("create %s".formatted(name));
        oracle.creating(name);
        if (!world.setup
                .tight()) { // or the write may have to wait for this call, to give a snapshot up
            world.duringContentSync(meanwhile);
        }
        try {
            Snapshot _ = device.create(name, world.step());
            oracle.created();
        } catch (FaultException e) {
            requireFull(e);
            oracle.notCreated();
        } finally {
            world.duringContentSync(null);
        }
    }

    private void requireFull(FaultException e) {
        boolean full =
                e.fault() instanceof VolumeFault.Full || e.fault() instanceof SnapshotFault.NoRoom;
        if (!full || !world.setup.tight()) {
            throw e;
        }
        world.met(Moment.FULL);
    }

    private void delete(String name) {
        world.tell("delete %s".formatted(name));
        oracle.deleting(name);
        device.delete(device.require(name).number());
        oracle.deleted();
        for (Snapshot each : device.list()) {
            if (!each.kept()) {
                device.delete(each.number());
                return;
            }
        }
    }

    private void revert(String name) {
        world.tell("revert to %s".formatted(name));
        oracle.reverting(name);
        try {
            device.revert(device.require(name).number(), stack.slot);
        } catch (FaultException e) {
            requireFull(e);
            if (device.reverting().isEmpty()) {
                oracle.notReverted();
                return;
            }
            finishRevert();
            return;
        }
        oracle.reverted();
        world.met(Moment.REVERTED);
    }

    /// A revert that was cut short lets nobody write, and is done once there is room for it.
    void finishRevert() {
        if (device.reverting().isEmpty()) {
            return;
        }
        try {
            stack.slot.write(0, ByteBuffer.allocate(SECTOR));
            throw new Violation("a write passed while a revert waits for its end");
        } catch (FaultException e) {
            if (!(e.fault() instanceof SnapshotFault.Reverting)) {
                throw e;
            }
        }
        try {
            device.revert(device.reverting().getAsLong(), stack.slot);
        } catch (FaultException e) {
            requireFull(e);
            world.widen(stack);
            device.revert(device.reverting().orElseThrow(), stack.slot);
        }
        oracle.reverted();
        world.met(Moment.REVERT_FINISHED);
    }

    private void read(String name) {
        byte[] shown = new byte[SECTOR * random.nextInt(1, 8)];
        int room = oracle.sizeOf(name) - shown.length;
        int offset = room <= 0 ? 0 : random.nextInt(room / SECTOR + 1) * SECTOR;
        if (offset + shown.length <= oracle.sizeOf(name)) {
            device.image(device.require(name).number()).read(offset, ByteBuffer.wrap(shown));
            oracle.requireSnapshot(name, offset, shown);
        }
    }

    private void compare() {
        List<Snapshot> kept = device.list().stream().filter(Snapshot::kept).toList();
        int from = random.nextInt(kept.size());
        int to = random.nextInt(from, kept.size());
        requireMap(kept.get(from), to == from ? null : kept.get(to));
    }

    /// Each kept snapshot shows what it did when it was made, and the maps between all of them tell every difference.
    void requireAll() {
        List<Snapshot> kept = device.list().stream().filter(Snapshot::kept).toList();
        for (int i = 0; i < kept.size(); i++) {
            Snapshot each = kept.get(i);
            byte[] shown = VolumeWorld.content(device.image(each.number()));
            if (shown.length != oracle.sizeOf(each.name())) {
                throw new Violation("snapshot %s has another size".formatted(each.name()));
            }
            oracle.requireSnapshot(each.name(), 0, shown);
            for (int later = i + 1; later <= kept.size(); later++) {
                requireMap(each, later == kept.size() ? null : kept.get(later));
            }
        }
    }

    private void requireMap(Snapshot from, @Nullable Snapshot to) {
        ChangedGrains map = device.changes(from.number(), to == null ? 0 : to.number());
        int grain = stack.setup().grain();
        @Nullable String name = to == null ? null : to.name();
        for (int at = 0; at < map.size(); at += grain) {
            if (!map.changed(at) && oracle.differs(from.name(), name, at, grain)) {
                throw new Violation(
                        "%s and %s differ at %d, which their map does not say"
                                .formatted(from.name(), name == null ? "now" : name, at));
            }
        }
    }
}
