// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.protocol.AttachmentRaised;
import io.redoubt.protocol.RaiseAttachment;
import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.block.Fence;
import io.redoubt.storage.block.RawVolume;
import io.redoubt.storage.block.VolumeLimit;
import io.redoubt.storage.nbd.Export;
import io.redoubt.storage.nbd.Exports;
import io.redoubt.storage.nbd.NbdLimits;
import io.redoubt.storage.nbd.NbdServer;
import io.redoubt.storage.nbd.SocketAccess;
import io.redoubt.storage.replication.SplitterSlot;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// A volume on this node: its layers from the raw file up to the fence, and the socket of its present attachment.
///
/// Each attachment has a socket of its own, and the export's name carries the number and its nonce, so a client of an older attachment
/// finds nothing to connect to.
final class HostedVolume implements AutoCloseable {
    private static final Duration DRAIN_MAX = Duration.ofSeconds(10);

    private final VolumeId id;
    private final BlockDevice base;
    private final VolumeSnapshots snapshots;
    private final SplitterSlot slot;
    private final Fence fence;
    private final Path sockets;
    private final SocketAccess access;
    private volatile String view;
    private final VolumeLimit limit;
    private @Nullable NbdServer server;
    private RaiseAttachment attachment = RaiseAttachment.getDefaultInstance();

    /// @param disk    the volume's own directory
    /// @param base    the layers below the fence
    /// @param sockets the directory of the node's sockets
    /// @param view    the view that it belongs to, empty for none
    /// @param limit   what the datastore lets it do
    HostedVolume(
            VolumeId id,
            Disk disk,
            BlockDevice base,
            Path sockets,
            SocketAccess access,
            String view,
            VolumeLimit limit) {
        this.id = id;
        this.base = base;
        this.snapshots = new VolumeSnapshots(id, disk, base);
        this.slot = new SplitterSlot(snapshots.device());
        this.fence = Fence.open(disk, id, slot);
        this.sockets = sockets;
        this.access = access;
        this.view = view;
        this.limit = limit;
    }

    VolumeId id() {
        return id;
    }

    SplitterSlot slot() {
        return slot;
    }

    VolumeSnapshots snapshots() {
        return snapshots;
    }

    /// @throws io.redoubt.core.fault.FaultException with [NodeFault.InUse] when somebody may connect
    synchronized void requireDetached() {
        if (server != null) {
            throw new FaultException(new NodeFault.InUse("Volume " + id, attachment.getHolder()));
        }
    }

    long size() {
        return slot.size();
    }

    /// @throws io.redoubt.core.fault.FaultException with [NodeFault.CannotGrow]
    void requireGrows() {
        if (!(base instanceof RawVolume) || slot.isInserted()) {
            String why = slot.isInserted() ? "it is protected" : "only plain volumes grow so far";
            throw new FaultException(new NodeFault.CannotGrow(id.value(), why));
        }
    }

    /// Makes it larger under its clients: their connections end, and with the new one they learn the new size.
    synchronized void grow(long size) {
        if (base instanceof RawVolume raw) {
            raw.grow(new Bytes(size));
        }
        if (server != null) {
            server.close();
            server = null;
            listen(attachment);
        }
    }

    String view() {
        return view;
    }

    /// It belongs to no view any more.
    void standAlone() {
        view = "";
    }

    VolumeLimit.Passed passed() {
        return limit.passed();
    }

    synchronized RaiseAttachment attachment() {
        return attachment;
    }

    /// Makes the number the only one that may use the volume, and serves it when somebody holds it.
    ///
    /// @throws io.redoubt.core.fault.FaultException with a [io.redoubt.storage.block.VolumeFault]
    synchronized AttachmentRaised raise(RaiseAttachment wanted) {
        long number = wanted.getAttachment().getNumber();
        UUID nonce =
                UUID.nameUUIDFromBytes(
                        wanted.getAttachment().getNonce().getBytes(StandardCharsets.UTF_8));
        if (server != null && number > attachment.getAttachment().getNumber()) {
            // The older attachment's connections end; requests that wait inside are interrupted.
            server.close();
            server = null;
        }
        fence.raise(number, nonce, DRAIN_MAX);
        attachment = wanted;
        if (server == null && !wanted.getHolder().isEmpty()) {
            listen(wanted);
        }
        var answer = AttachmentRaised.newBuilder().setAttachment(wanted.getAttachment());
        if (!wanted.getHolder().isEmpty()) {
            answer.setExportName(exportName(wanted)).setSocket(socket(wanted).toString());
        }
        return answer.build();
    }

    private void listen(RaiseAttachment wanted) {
        long number = wanted.getAttachment().getNumber();
        Export export = Export.writable(fence.attach(number, () -> {}), id.value(), limit);
        server =
                NbdServer.listen(
                        socket(wanted),
                        Exports.one(exportName(wanted), export),
                        access,
                        NbdLimits.DEFAULT);
    }

    String exportName(RaiseAttachment of) {
        return "%s/%d-%s"
                .formatted(id, of.getAttachment().getNumber(), of.getAttachment().getNonce());
    }

    Path socket(RaiseAttachment of) {
        return sockets.resolve("%s-%d".formatted(id, of.getAttachment().getNumber()));
    }

    @Override
    public synchronized void close() {
        if (server != null) {
            server.close();
            server = null;
        }
        slot.close();
    }
}
