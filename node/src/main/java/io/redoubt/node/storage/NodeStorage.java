// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.grant.GrantHolder;
import io.redoubt.core.port.Clock;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.protocol.AttachmentRaised;
import io.redoubt.protocol.BreakGlassAnswer;
import io.redoubt.protocol.BreakGlassOrder;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.CommandResult;
import io.redoubt.protocol.ControlMessage;
import io.redoubt.protocol.DropJournal;
import io.redoubt.protocol.GrantRequest;
import io.redoubt.protocol.MachineDisk;
import io.redoubt.protocol.ProtectReceiver;
import io.redoubt.protocol.Report;
import io.redoubt.protocol.VolumeReport;
import io.redoubt.protocol.VolumeState;
import io.redoubt.storage.nbd.SocketAccess;
import io.redoubt.storage.replication.ReceiverServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;

/// Everything that a node keeps: opened from its home at the start, changed by commands, told in reports.
public final class NodeStorage implements AutoCloseable {
    private final Pools pools;
    private final Datastores datastores;
    private final Limits limits;
    private final Volumes volumes;
    private final Sources sources;
    private final Receivers receivers;
    private final Views views;
    private final PromotionWithoutControl withoutControl;
    private final Clock clock;
    private final ReceiverServer server;

    /// @param host the address to take streams at
    public NodeStorage(
            Path home,
            Clock clock,
            StreamDialer streams,
            SocketAccess access,
            TemplateImages templates,
            String host) {
        this.clock = clock;
        var told = new Told(new SystemDisk(home.resolve("told")));
        pools = new Pools(home, told);
        datastores = new Datastores(told, pools);
        limits = new Limits(told);
        volumes = new Volumes(home, told, clock, access, templates, datastores, limits);
        receivers = new Receivers(home, told, clock, volumes::adopt);
        volumes.outOf(new Origins(receivers));
        views = new Views(told, clock, volumes, receivers);
        withoutControl = new PromotionWithoutControl(told, clock, receivers, views);
        volumes.whenWhole(views::copied);
        var deltas = new Deltas(receivers, views);
        sources = new Sources(home, told, clock, volumes, streams, deltas);
        try {
            server = new ReceiverServer(streams.listen(host), new StreamGroups(receivers, sources));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Opens what the node was told of, the layers before the sockets.
    public void start() {
        pools.reopen();
        datastores.reopen();
        limits.reopen(); // before a socket: no client is ever without its limit
        volumes.reopen();
        receivers.reopen();
        volumes.reopenRecovered();
        views.reopen();
        volumes.hydrations().reopen(); // of views
        sources.reopen();
        volumes.serve();
        server.start();
    }

    /// Where the node takes streams.
    public int port() {
        return server.port();
    }

    /// Where a machine finds a disk. What the node serves under this attachment, or a fault.
    public AttachmentRaised disk(MachineDisk disk) {
        HostedVolume volume = volumes.require(disk.getVolume());
        return AttachmentRaised.newBuilder()
                .setAttachment(volume.attachment().getAttachment())
                .setExportName(volume.exportName(volume.attachment()))
                .setSocket(volume.socket(volume.attachment()).toString())
                .build();
    }

    /// Carries out a command about storage.
    ///
    /// @throws io.redoubt.core.fault.FaultException when it is refused
    public CommandResult.Builder carryOut(Command command) {
        var result = CommandResult.newBuilder();
        switch (command.getCommandCase()) {
            case ENSURE_POOL -> pools.ensure(command.getEnsurePool());
            case DELETE_POOL -> {
                datastores.requireNoneIn(command.getDeletePool().getPool());
                pools.forget(command.getDeletePool().getPool());
            }
            case ENSURE_DATASTORE -> datastores.ensure(command.getEnsureDatastore());
            case DELETE_DATASTORE -> {
                String datastore = command.getDeleteDatastore().getDatastore();
                datastores.delete(datastore);
                limits.forgetDatastore(datastore);
            }
            case ENSURE_VOLUME -> volumes.ensure(command.getEnsureVolume());
            case DELETE_VOLUME -> volumes.delete(command.getDeleteVolume().getVolume());
            case RAISE_ATTACHMENT ->
                    result.setAttachmentRaised(volumes.raise(command.getRaiseAttachment()));
            case SET_LIMITS -> limits.set(command.getSetLimits());
            case PROTECT_SOURCE ->
                    result.setSourceProtected(sources.protect(command.getProtectSource()));
            case PROTECT_RECEIVER -> receive(command.getProtectReceiver());
            case TELL_UNSHIPPED ->
                    result.setUnshippedTold(sources.unshipped(command.getTellUnshipped()));
            case UNPROTECT -> {
                var unprotect = command.getUnprotect();
                if (unprotect.getLeftMembership() > 0) {
                    sources.leave(unprotect.getGroup(), unprotect.getLeftMembership());
                } else {
                    unprotect(unprotect.getGroup());
                }
            }
            case TAKE_POINT -> result.setPointTaken(sources.takePoint(command.getTakePoint()));
            case LABEL_POINT -> result.setPointLabelled(receivers.label(command.getLabelPoint()));
            case DELETE_POINT -> {
                var point = command.getDeletePoint();
                views.requireNoneOpen(point.getGroup(), point.getNumber());
                receivers.deletePoint(point.getGroup(), point.getNumber());
            }
            case PROTECT_POINT -> {
                var point = command.getProtectPoint();
                receivers.protectPoint(point.getGroup(), point.getNumber(), point.getProtected());
            }
            case SET_RETENTION -> {
                var set = command.getSetRetention();
                result.setRetentionSet(
                        receivers.retain(set.getGroup(), set.getRetention(), set.getPreview()));
            }
            case VERIFY_GROUP -> result.setGroupVerified(sources.verify(command.getVerifyGroup()));
            case LIST_POINTS ->
                    result.setPointsListed(
                            receivers.list(
                                    command.getListPoints().getGroup(),
                                    command.getListPoints().getAfter(),
                                    command.getListPoints().getLimit()));
            case COUNT_LOSS -> {
                var count = command.getCountLoss();
                result.setLossCounted(
                        count.getAboveCount() > 0 ? sources.count(count) : receivers.count(count));
            }
            case STOP_GRANTS ->
                    receivers.stopGrants(
                            command.getStopGrants().getGroup(), command.getStopGrants().getTerm());
            case RELEASE_SOURCE ->
                    result.setSourceReleased(
                            sources.release(
                                    command.getReleaseSource().getGroup(),
                                    command.getReleaseSource().getTerm()));
            case PROMOTE_RECEIVER -> {
                var promote = command.getPromoteReceiver();
                result.setReceiverPromoted(
                        receivers.promote(
                                promote.getGroup(), promote.getTerm(), Isolations.end(promote)));
                views.promoted(promote.getGroup(), promote.getTerm());
            }
            case ROLL_BACK_RECEIVER -> {
                var rollBack = command.getRollBackReceiver();
                if (!rollBack.getPreview()) {
                    views.requireNoneLive(rollBack.getGroup());
                }
                receivers.rollBack(rollBack.getGroup(), rollBack.getTerm(), rollBack.getPreview());
            }
            case COMMIT_RECEIVER -> {
                var commit = command.getCommitReceiver();
                receivers.commit(commit.getGroup(), commit.getTerm(), commit.getPoint());
            }
            case DROP_JOURNAL -> drop(command.getDropJournal());
            case OPEN_VIEW -> result.setViewOpened(views.ensure(command.getOpenView()));
            case CLOSE_VIEW -> views.close(command.getCloseView().getView());
            case CREATE_SNAPSHOT -> {
                var create = command.getCreateSnapshot();
                result.setSnapshotsListed(
                        snapshots(create.getVolume()).create(create.getSnapshot(), clock));
            }
            case DELETE_SNAPSHOT -> {
                var delete = command.getDeleteSnapshot();
                result.setSnapshotsListed(
                        snapshots(delete.getVolume()).delete(delete.getSnapshot()));
            }
            case REVERT_SNAPSHOT -> {
                var revert = command.getRevertSnapshot();
                HostedVolume volume = volumes.require(revert.getVolume());
                volume.requireDetached();
                result.setSnapshotsListed(
                        volume.snapshots()
                                .revert(
                                        revert.getSnapshot(),
                                        volume.slot(),
                                        volume.attachment().getAttachment().getNumber()));
            }
            case LIST_SNAPSHOTS ->
                    result.setSnapshotsListed(
                            snapshots(command.getListSnapshots().getVolume()).list());
            case LIST_CHANGES ->
                    result.setChangesListed(
                            snapshots(command.getListChanges().getVolume())
                                    .changes(command.getListChanges()));
            case HYDRATE_VOLUME -> {
                HostedVolume _ = volumes.require(command.getHydrateVolume().getVolume());
                views.requireMayCopy(command.getHydrateVolume().getVolume());
                result.setHydration(volumes.hydrations().hydrate(command.getHydrateVolume()));
            }
            default ->
                    throw new IllegalArgumentException(
                            "not about storage: " + command.getCommandCase());
        }
        return result;
    }

    private VolumeSnapshots snapshots(String volume) {
        return volumes.require(volume).snapshots();
    }

    /// With volumes to adopt, in this order: they are nobody's else, durably; the source that had them ends; the journal opens them. A crash in
    /// between leaves volumes that nobody opens, and the same command goes on.
    private void receive(ProtectReceiver wanted) {
        if (wanted.getAdoptedCount() > 0 && !receivers.has(wanted.getGroup())) {
            volumes.claim(wanted);
            sources.unprotect(wanted.getGroup());
        }
        receivers.protect(wanted);
    }

    /// What another history went on from is given up whole: points, branch and the volumes that were its bases. Gone, or of another lineage, is
    /// ok.
    private void drop(DropJournal wanted) {
        String group = wanted.getGroup();
        if (wanted.getUnbegun()) {
            handBack(group, wanted.getLineage());
            return;
        }
        if (!receivers.keeps(group, wanted.getLineage())) {
            return;
        }
        if (receivers.require(group).journal().branch().committed().isEmpty()) {
            throw new FaultException(new NodeFault.NotCommitted(group, "the journal"));
        }
        views.requireNoneOpen(group, 0);
        volumes.requireNoneOutOf(group);
        receivers.unprotect(group);
        volumes.disown(group);
    }

    /// A journal that nobody has sent to is nothing but the volumes that it adopted.
    private void handBack(String group, String lineage) {
        if (receivers.keeps(group, lineage)) {
            receivers.requireUnbegun(group);
            views.requireNoneOpen(group, 0);
            volumes.requireNoneOutOf(group);
            receivers.unprotect(group);
        }
        volumes.handBack(group, lineage);
    }

    private void unprotect(String group) {
        views.requireNoneOpen(group, 0);
        volumes.requireNoneOutOf(group);
        sources.unprotect(group);
        if (receivers.has(group)) {
            receivers.unprotect(group);
        }
        volumes.disown(group);
    }

    /// The volumes of a group that this node writes.
    public List<String> volumesOf(String group) {
        return sources.volumesOf(group);
    }

    public List<GrantRequest> grantRequests() {
        return sources.grantRequests();
    }

    public void answered(ControlMessage grantOrRefusal) {
        sources.answered(grantOrRefusal);
    }

    public void report(Report.Builder report, Clock clock) {
        for (HostedVolume volume : volumes.all()) {
            var passed = volume.passed();
            var told = VolumeReport.newBuilder();
            if (volumes.hydrations().has(volume.id().value())) {
                told.setHydration(volumes.hydrations().report(volume.id().value()));
            }
            report.addVolumes(
                    told.setSnapshotBytes(volume.snapshots().usedBytes())
                            .setSnapshotsMayGrowBytes(volume.snapshots().mayGrowBytes())
                            .setSnapshotsBroken(volume.snapshots().broken())
                            .setOperations(passed.operations())
                            .setBytes(passed.bytes())
                            .setWaitedMillis(passed.waitedNanos() / 1_000_000)
                            .setVolume(volume.id().value())
                            .setAttachment(volume.attachment().getAttachment())
                            .setSizeBytes(volume.size())
                            .setState(state(volume, clock))
                            .setView(volume.view()));
        }
        report.addAllPools(pools.reports());
        report.addAllDatastores(datastores.reports());
        report.addAllSources(sources.reports());
        report.addAllReceivers(receivers.reports(views.byGroup(), views.live()));
    }

    /// Whether it is here, and smaller.
    public boolean isSmaller(String volume, long sizeBytes) {
        return volumes.has(volume) && volumes.require(volume).size() < sizeBytes;
    }

    /// Whether a write of the volume would find room in its datastore.
    public boolean hasRoom(String volume) {
        return volumes.hasRoom(volume);
    }

    private VolumeState state(HostedVolume volume, Clock clock) {
        return sources.holderOf(volume.id().value())
                .map(holder ->
                        switch (holder.standing(clock.bootNanos())) {
                            case GRANTED -> VolumeState.VOLUME_READY;
                            case HELD ->
                                    holder.releasedTerm() > 0
                                            ? VolumeState.VOLUME_RELEASED
                                            : VolumeState.VOLUME_HELD;
                            case FENCED -> VolumeState.VOLUME_RELEASED;
                        })
                .orElse(VolumeState.VOLUME_READY);
    }

    /// Promotes a group's journal on this node on a person's word.
    ///
    /// @throws FaultException when it is refused; see [PromotionWithoutControl]
    public BreakGlassAnswer promoteWithoutControl(BreakGlassOrder order) {
        return withoutControl.promote(order);
    }

    /// Nanoseconds for which the volume's writes are answered without another word of a grantor; [Long#MAX_VALUE] when it needs none.
    public long leftNanos(String volume, Clock clock) {
        return sources.holderOf(volume)
                .map(holder -> holder.leftNanos(clock.bootNanos()))
                .orElse(Long.MAX_VALUE);
    }

    /// Whether the volume's writes are neither held nor refused.
    public GrantHolder.Standing standing(String volume, Clock clock) {
        return sources.holderOf(volume)
                .map(holder -> holder.standing(clock.bootNanos()))
                .orElse(GrantHolder.Standing.GRANTED);
    }

    @Override
    public void close() throws IOException {
        server.close();
        sources.close();
        volumes.close();
        datastores.close();
        receivers.close();
    }
}
