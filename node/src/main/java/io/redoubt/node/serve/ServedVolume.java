// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.serve;

import io.redoubt.core.Bytes;
import io.redoubt.core.Rate;
import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.core.system.DeviceDisk;
import io.redoubt.core.system.SystemClock;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.storage.atrest.Scrubber;
import io.redoubt.storage.atrest.SealedDisk;
import io.redoubt.storage.block.Fence;
import io.redoubt.storage.block.Limiter;
import io.redoubt.storage.block.OwnerLock;
import io.redoubt.storage.block.RawVolume;
import io.redoubt.storage.block.VolumeFault;
import io.redoubt.storage.block.VolumeLimit;
import io.redoubt.storage.nbd.Export;
import io.redoubt.storage.nbd.Exports;
import io.redoubt.storage.nbd.NbdLimits;
import io.redoubt.storage.nbd.NbdServer;
import io.redoubt.storage.nbd.SocketAccess;
import io.redoubt.storage.nbd.TlsFiles;
import io.redoubt.storage.replication.SplitterSlot;
import io.redoubt.storage.snapshot.Snapshot;
import io.redoubt.storage.snapshot.SnapshotDevice;
import io.redoubt.storage.snapshot.SnapshotRoom;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import javax.net.ssl.SSLContext;

/// A volume that this process owns and serves: lock, volume, fence, socket, in this order, and back again.
final class ServedVolume implements AutoCloseable {
    private static final VolumeId ID =
            new VolumeId("volume"); // one for each directory, so its name says nothing
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final OwnerLock lock;
    private final SnapshotDevice volume;
    private final List<NbdServer> servers;
    private final Scrubber scrubber;
    private final long attachment;

    private ServedVolume(
            OwnerLock lock,
            SnapshotDevice volume,
            List<NbdServer> servers,
            Scrubber scrubber,
            long attachment) {
        this.lock = lock;
        this.volume = volume;
        this.servers = servers;
        this.scrubber = scrubber;
        this.attachment = attachment;
    }

    /// Where it listens beside the socket.
    record Network(InetSocketAddress address, TlsFiles files) {}

    /// @param size     needed to make the volume, checked when it exists
    /// @param grow     a larger size than the volume has makes it larger
    /// @param takeOver kill the process that owns the directory
    /// @param rate     what all connections may do together
    /// @param snapshot  to be made first, unless there; empty for none
    /// @param dirtySince the snapshot from which on `redoubt:dirty` tells what was written; empty for none
    record Wanted(
            Path directory,
            Path socket,
            String export,
            Optional<Bytes> size,
            boolean grow,
            Optional<String> group,
            Optional<Network> network,
            boolean takeOver,
            Rate rate,
            Protection protection,
            Backing backing,
            String snapshot,
            String dirtySince) {}

    static ServedVolume start(Wanted wanted) {
        var disk = new SystemDisk(wanted.directory());
        if (wanted.takeOver()) {
            requireUsable(wanted, disk);
        }
        OwnerLock lock =
                wanted.takeOver()
                        ? OwnerLock.takeOver(wanted.directory(), PATIENCE)
                        : OwnerLock.take(wanted.directory());
        try {
            Disk backed = wanted.backing().over(disk, ID, wanted.protection().asked());
            SealedDisk content = wanted.protection().over(backed, disk.directory(), ID);
            RawVolume volume = openOrCreate(content, disk.directory(), wanted);
            try {
                wanted.protection().requireAsAsked(disk, ID);
                return serve(wanted, disk, lock, content, volume);
            } catch (RuntimeException e) {
                volume.close();
                throw e;
            }
        } catch (RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    /// Whatever would be refused is refused while the old owner still serves: a wrong key or size must not end it.
    private static void requireUsable(Wanted wanted, SystemDisk disk) {
        wanted.protection().over(disk, disk.directory(), ID).requireUnlocked();
        wanted.protection().requireAsAsked(disk, ID);
        boolean _ = grows(RawVolume.find(disk, ID), wanted);
        wanted.network().ifPresent(network -> network.files().context());
    }

    private static ServedVolume serve(
            Wanted wanted, SystemDisk disk, OwnerLock lock, SealedDisk content, RawVolume volume) {
        // The same layers as a region's volume has, so that what is measured here is what a guest
        // gets there.
        SnapshotDevice snapshots = withSnapshots(content, volume);
        if (!wanted.snapshot().isEmpty() && snapshots.find(wanted.snapshot()).isEmpty()) {
            Snapshot _ = snapshots.create(wanted.snapshot(), new SystemClock().wallMillis());
        }
        Fence fence = Fence.open(disk, ID, new SplitterSlot(snapshots));
        long number = fence.mark().number() + 1;
        fence.raise(number, UUID.randomUUID(), PATIENCE);
        var export =
                Export.writable(
                        fence.attach(number, () -> {}),
                        wanted.directory().toString(),
                        limit(wanted.rate()));
        List<NbdServer> servers =
                listen(wanted, Exports.one(wanted.export(), dirty(wanted, snapshots, export)));
        Scrubber scrubber =
                Scrubber.start(
                        () -> content.scrub().stream().toList(),
                        wanted.protection().scrubBytesPerSecond(),
                        progress -> System.out.println("SCRUB " + progress.line()));
        return new ServedVolume(lock, snapshots, servers, scrubber, number);
    }

    private static Export dirty(Wanted wanted, SnapshotDevice snapshots, Export export) {
        return wanted.dirtySince().isEmpty()
                ? export
                : export.withDirty(
                        snapshots.writtenSince(snapshots.require(wanted.dirtySince()).number()));
    }

    /// Always there: without it a write would change what a snapshot of the volume shows.
    private static SnapshotDevice withSnapshots(SealedDisk disk, RawVolume volume) {
        var room = SnapshotRoom.copyOf(volume, SnapshotRoom.WhenFull.BREAK_OLDEST);
        SnapshotDevice snapshots =
                SnapshotDevice.open(
                        disk,
                        ID,
                        volume,
                        new SnapshotDevice.Options(
                                room,
                                Thread::startVirtualThread,
                                broken ->
                                        System.err.printf(
                                                "snapshot %s was given up: %s%n",
                                                broken.name(), broken.state().words())));
        snapshots.reverting().ifPresent(number -> snapshots.revert(number, snapshots));
        return snapshots;
    }

    private static List<NbdServer> listen(Wanted wanted, Exports exports) {
        var servers = new ArrayList<NbdServer>();
        try {
            if (wanted.network().isPresent()) {
                Network network = wanted.network().get();
                SSLContext tls = network.files().context();
                servers.add(NbdServer.listen(network.address(), exports, tls, NbdLimits.DEFAULT));
            }
            var access = new SocketAccess(wanted.group());
            servers.add(NbdServer.listen(wanted.socket(), exports, access, NbdLimits.DEFAULT));
            return List.copyOf(servers);
        } catch (RuntimeException e) {
            servers.forEach(NbdServer::close);
            throw e;
        }
    }

    /// The port of the network that it listens on, or -1.
    int port() {
        return servers.getFirst().port();
    }

    private static VolumeLimit limit(Rate rate) {
        var limit = new VolumeLimit();
        if (!rate.isUnlimited()) {
            limit.join(new Limiter(rate), Limiter.WEIGHT_DEFAULT, Rate.UNLIMITED);
        }
        return limit;
    }

    long size() {
        return volume.size();
    }

    long attachment() {
        return attachment;
    }

    @Override
    public void close() {
        servers.forEach(NbdServer::close);
        scrubber.close();
        volume.close();
        lock.close();
    }

    private static Bytes sizeOfNew(Wanted wanted, Path directory) {
        Optional<Path> device = wanted.backing().device();
        if (device.isEmpty()) {
            return wanted.size()
                    .orElseThrow(
                            () -> new FaultException(new ServeFault.NoSize(directory.toString())));
        }
        var whole = new Bytes(DeviceDisk.sizeOf(device.get()));
        Bytes asked = wanted.size().orElse(whole);
        if (!asked.equals(whole)) {
            throw new FaultException(
                    new ServeFault.OtherSize(
                            device.get().toString(), whole.value(), asked.value()));
        }
        return whole;
    }

    private static RawVolume openOrCreate(Disk disk, Path directory, Wanted wanted) {
        Optional<Bytes> stored = RawVolume.find(disk, ID);
        boolean grows = grows(stored, wanted);
        if (stored.isEmpty()) {
            return RawVolume.create(disk, ID, sizeOfNew(wanted, directory));
        }
        RawVolume volume = RawVolume.open(disk, ID);
        if (grows) {
            try {
                volume.grow(wanted.size().orElseThrow());
            } catch (RuntimeException e) {
                volume.close();
                throw e;
            }
        }
        return volume;
    }

    /// @param stored the size that it has, empty when it is to be made
    /// @return whether it becomes larger
    /// @throws FaultException when the wanted size is another one
    private static boolean grows(Optional<Bytes> stored, Wanted wanted) {
        Optional<Bytes> size = wanted.size();
        if (stored.isEmpty() || size.isEmpty() || size.equals(stored)) {
            return false;
        }
        if (wanted.grow() && size.get().value() > stored.get().value()) {
            return true;
        }
        throw new FaultException(
                new VolumeFault.Different(
                        ID,
                        "a size of",
                        stored.get() + " (" + stored.get().value() + " bytes)",
                        size.get().toString()));
    }
}
