// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.volume;

import io.redoubt.core.Bytes;
import io.redoubt.core.DatastoreId;
import io.redoubt.core.VolumeId;
import io.redoubt.core.port.Disk;
import io.redoubt.core.system.SettledDisk;
import io.redoubt.simulation.machine.SimDisk;
import io.redoubt.simulation.machine.SimHost;
import io.redoubt.simulation.machine.Violation;
import io.redoubt.storage.atrest.SealedDisk;
import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.block.Fence;
import io.redoubt.storage.block.Hydration;
import io.redoubt.storage.block.Overlay;
import io.redoubt.storage.block.RawVolume;
import io.redoubt.storage.pool.Allotment;
import io.redoubt.storage.pool.Datastore;
import io.redoubt.storage.pool.Directories;
import io.redoubt.storage.pool.RoomRules;
import io.redoubt.storage.replication.SplitterSlot;
import io.redoubt.storage.snapshot.Snapshot;
import io.redoubt.storage.snapshot.SnapshotDevice;
import io.redoubt.storage.snapshot.SnapshotRoom;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The layers of a volume, put together as a node does it, in the same order and with the same repairs at each start: fence, splitter,
/// snapshots, overlay or raw, integrity and encryption, room of a datastore, disk.
final class VolumeStack {
    static final VolumeId ID = new VolumeId("vol-7");
    private static final DatastoreId DATASTORE = new DatastoreId("ds-1");
    private static final RoomRules RULES = new RoomRules(4096, 16384, 256 << 10, 4096);

    private final VolumeSetup setup;
    private final SimHost host;
    private final SimImage image;
    private final long told;
    final @Nullable Datastore datastore;
    final SealedDisk content;
    final BlockDevice base;
    final SnapshotDevice snapshots;
    final SplitterSlot slot;
    final Fence fence;
    final @Nullable Hydration hydration;

    /// What a start must find, because a call that made it has returned.
    ///
    /// @param told      bytes of the volume as the control plane wants it, durable on its side
    /// @param datastore room of the datastore
    /// @param made      the volume is there
    record Known(long told, long datastore, boolean made) {}

    VolumeStack(
            VolumeSetup setup,
            SimHost host,
            SimImage image,
            Known known,
            Consumer<Snapshot> whenBroken) {
        this.setup = setup;
        this.host = host;
        this.image = image;
        this.told = known.told();
        this.datastore = setup.home() == VolumeSetup.Home.DIRECTORY ? null : datastore(known);
        this.content =
                new SealedDisk(
                        disk(told),
                        ID,
                        setup.sealing(),
                        SimRegionKey::new,
                        host.clock(),
                        setup.chunk());
        this.base = setup.overlay() ? overlay(known.made()) : raw(known.made());
        this.hydration = base instanceof Overlay o ? new Hydration(o, setup.piece()) : null;
        var options = new SnapshotDevice.Options(room(), Runnable::run, whenBroken);
        this.snapshots = SnapshotDevice.open(content, ID, base, options, setup.grain());
        this.slot = new SplitterSlot(snapshots);
        this.fence = Fence.open(content, ID, slot);
    }

    static SimDisk files(SimHost host) {
        return host.disk("volume");
    }

    private SnapshotRoom room() {
        return SnapshotRoom.of(
                new Bytes(setup.tight() ? segment(setup) : 16L << 20),
                SnapshotRoom.WhenFull.BREAK_OLDEST);
    }

    /// Bytes of a page of entries and its slots.
    static long segment(VolumeSetup setup) {
        return 4096 + 128L * setup.grain();
    }

    private Datastore datastore(Known known) {
        Disk own = new SettledDisk(host.disk("datastore"));
        if (Datastore.find(own, DATASTORE).isPresent()) {
            return Datastore.open(own, directories(), DATASTORE, RULES);
        }
        if (known.made()) {
            throw new Violation("the datastore is gone");
        }
        return Datastore.create(
                own, directories(), DATASTORE, new Bytes(known.datastore()), false, RULES);
    }

    private Directories directories() {
        return new Directories() {
            @Override
            public List<VolumeId> list() {
                return files(host).list().isEmpty() ? List.of() : List.of(ID);
            }

            @Override
            public Disk open(VolumeId volume) {
                return files(host);
            }

            @Override
            public void remove(VolumeId volume) {
                Disk disk = files(host);
                disk.list().forEach(disk::delete);
                disk.sync();
            }
        };
    }

    private Disk disk(long size) {
        promise(size);
        Datastore pool = datastore;
        return new SettledDisk(pool == null ? files(host) : pool.disk(ID));
    }

    VolumeSetup setup() {
        return setup;
    }

    /// Room for a volume of this size, unless more was promised: a growth may have been cut short.
    void promise(long size) {
        Datastore pool = datastore;
        if (pool != null) {
            var wanted = new Allotment(new Bytes(size), setup.thin());
            boolean has =
                    pool.volumes().contains(ID)
                            && pool.allotment(ID).size().compareTo(wanted.size()) >= 0;
            if (!has) {
                pool.allot(ID, wanted);
            }
        }
    }

    private RawVolume raw(boolean made) {
        if (RawVolume.find(content, ID).isEmpty()) {
            if (made) {
                throw new Violation("the volume is gone");
            }
            var size = new Bytes(told);
            return setup.thin()
                    ? RawVolume.createThin(content, ID, size)
                    : RawVolume.create(content, ID, size);
        }
        RawVolume volume =
                setup.thin() ? RawVolume.openThin(content, ID) : RawVolume.open(content, ID);
        if (volume.size() < told) {
            volume.grow(new Bytes(told)); // interrupted by a crash; its room is promised
        }
        return volume;
    }

    private BlockDevice overlay(boolean made) {
        if (Overlay.becameRaw(content, ID)) {
            image.dropped = true;
            return raw(made);
        }
        String boot = host.clock().bootId();
        if (Overlay.exists(content, ID) || made) {
            return Overlay.open(content, ID, image, "image", boot);
        }
        return setup.thin()
                ? Overlay.createSparse(content, ID, image, "image", new Bytes(told), boot)
                : Overlay.createAllocated(content, ID, image, "image", boot);
    }

    /// The volume grows under its clients; its room is promised.
    void grow(long size) {
        ((RawVolume) base).grow(new Bytes(size));
    }

    /// A clean stop.
    void close() {
        slot.close();
        Datastore pool = datastore;
        if (pool != null) {
            pool.close();
        }
    }
}
