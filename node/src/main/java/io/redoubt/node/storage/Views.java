// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Clock;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.protocol.LiveView;
import io.redoubt.protocol.OpenView;
import io.redoubt.protocol.RaiseAttachment;
import io.redoubt.protocol.ViewExport;
import io.redoubt.protocol.ViewOpened;
import io.redoubt.protocol.ViewVolume;
import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.block.BlockImage;
import io.redoubt.storage.block.Overlay;
import io.redoubt.storage.block.RawVolume;
import io.redoubt.storage.journal.JournalView;
import io.redoubt.storage.journal.RecoveryPoint;
import io.redoubt.storage.journal.Roles;
import io.redoubt.storage.replication.HostedReceiver;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.Stream;

/// The open views of this node: for each member an overlay that takes the writes, over the journal's image at the point.
///
/// A live view whose journal was committed can be copied: once all of its volumes hold everything themselves they are volumes like any other, and
/// the view ends. What a crash leaves in between is finished by the next start.
///
/// Each holds its point by a pin, from before it is written down until after its volumes are gone. The journal's side of this node makes the
/// leases longer while the view is open; of a view that did not open again the lease ends by itself.
final class Views {
    private static final Logger LOG = System.getLogger(Views.class.getName());
    private static final String KIND = "view";

    private static final Duration LEASE = Duration.ofDays(1);

    private final Told told;
    private final Clock clock;
    private final Volumes volumes;
    private final Receivers receivers;
    private final Map<String, View> views = new ConcurrentSkipListMap<>();
    private final Map<String, Overlay> overlays = new ConcurrentSkipListMap<>(); // by view volume

    /// @param told with the number of the point that was chosen
    private record View(OpenView told, RecoveryPoint point, List<PromotionGate> gates) {}

    Views(Told told, Clock clock, Volumes volumes, Receivers receivers) {
        this.told = told;
        this.clock = clock;
        this.volumes = volumes;
        this.receivers = receivers;
    }

    /// A view that does not open, most often because its journal did not, is in nobody's way.
    void reopen() {
        for (OpenView wanted : told.all(KIND, OpenView.parser())) {
            try {
                if (members(wanted).anyMatch(volumes::isOwn)) {
                    settle(wanted); // it was about to
                } else {
                    views.put(wanted.getView(), open(wanted));
                    settleWhenCopied(wanted.getView());
                }
            } catch (FaultException e) {
                // Its pin may be taken already: without anybody behind it, it ends with its lease.
                receivers
                        .opened(wanted.getGroup())
                        .ifPresent(r -> r.leaveView(owner(wanted.getView())));
                LOG.log(Level.ERROR, "view " + wanted.getView() + " stays closed", e);
            }
        }
    }

    synchronized ViewOpened ensure(OpenView wanted) {
        View view = views.get(wanted.getView());
        if (view == null) {
            OpenView chosen = wanted.getCut() == 0 ? atNewest(wanted) : wanted;
            pin(chosen); // refuses a point that is not kept
            told.put(KIND, chosen.getView(), chosen);
            view = open(chosen);
            views.put(chosen.getView(), view);
        }
        var answer =
                ViewOpened.newBuilder()
                        .setCut(view.point.number())
                        .setStampMillis(view.point.stampMillis());
        for (ViewVolume member : view.told.getVolumesList()) {
            var raised =
                    volumes.raise(
                            RaiseAttachment.newBuilder()
                                    .setVolume(member.getViewVolume())
                                    .setAttachment(member.getAttachment())
                                    .setHolder(member.getHolder())
                                    .build());
            answer.addExports(
                    ViewExport.newBuilder()
                            .setViewVolume(member.getViewVolume())
                            .setExportName(raised.getExportName())
                            .setSocket(raised.getSocket()));
        }
        return answer.build();
    }

    private OpenView atNewest(OpenView wanted) {
        return wanted.toBuilder().setCut(requirePoint(wanted.getGroup(), 0)).build();
    }

    /// @param number 0 for the newest
    /// @throws FaultException when it is not kept, or there is none yet
    long requirePoint(String group, long number) {
        if (number != 0) {
            return receivers.require(group).view(number).point().number();
        }
        List<RecoveryPoint> points = receivers.require(group).points();
        if (points.isEmpty()) {
            throw new FaultException(new NodeFault.NoPointYet(group));
        }
        return points.getLast().number();
    }

    private View open(OpenView wanted) {
        HostedReceiver receiver = receivers.require(wanted.getGroup());
        JournalView journal = pin(wanted);
        var gates = new ArrayList<PromotionGate>();
        for (ViewVolume member : wanted.getVolumesList()) {
            var id = new VolumeId(member.getViewVolume());
            var disk = new SystemDisk(volumes.directory(member.getViewVolume()));
            BlockDevice device =
                    wanted.hasTerm() && Overlay.becameRaw(disk, id)
                            ? RawVolume.open(disk, id)
                            : overlay(wanted, id, disk, member, journal);
            if (wanted.hasTerm()) {
                Roles roles = receiver.roles();
                boolean promoted = roles.promoted() && roles.term() >= wanted.getTerm();
                var gate = new PromotionGate(id, device, wanted.getTerm(), promoted);
                gates.add(gate);
                device = gate;
            }
            volumes.hostView(id, disk, device, wanted.getView());
        }
        return new View(wanted, journal.point(), gates);
    }

    private JournalView pin(OpenView wanted) {
        return receivers
                .require(wanted.getGroup())
                .openView(wanted.getCut(), owner(wanted.getView()), LEASE);
    }

    private static String owner(String view) {
        return "view " + view;
    }

    private Overlay overlay(
            OpenView wanted, VolumeId id, SystemDisk disk, ViewVolume member, JournalView journal) {
        BlockImage image = journal.volume(new VolumeId(member.getVolume()));
        Overlay overlay = overlay(wanted, id, disk, image, wanted.getVolumesCount());
        overlays.put(id.value(), overlay);
        if (wanted.hasTerm()) {
            volumes.hydrations().opened(id.value(), overlay);
        }
        return overlay;
    }

    private Overlay overlay(
            OpenView wanted, VolumeId id, SystemDisk disk, BlockImage image, int members) {
        String base = "%s@%d".formatted(wanted.getGroup(), wanted.getCut());
        if (Overlay.exists(disk, id)) {
            return Overlay.open(disk, id, image, base, clock.bootId());
        }
        return wanted.getQuotaBytes() > 0
                ? Overlay.createSparse(
                        disk,
                        id,
                        image,
                        base,
                        new Bytes(wanted.getQuotaBytes() / members),
                        clock.bootId())
                : Overlay.createAllocated(disk, id, image, base, clock.bootId());
    }

    /// The group's side was promoted: its live views take writes.
    void promoted(String group, long term) {
        for (View view : views.values()) {
            if (view.told.getGroup().equals(group)
                    && view.told.hasTerm()
                    && view.told.getTerm() <= term) {
                view.gates.forEach(PromotionGate::open);
            }
        }
    }

    /// @throws FaultException with [NodeFault.NotCommitted] for the volume of a view that may still be dropped
    void requireMayCopy(String volume) {
        for (View view : views.values()) {
            boolean isFinal =
                    view.told.hasTerm()
                            && receivers
                                    .require(view.told.getGroup())
                                    .journal()
                                    .branch()
                                    .committed()
                                    .isPresent();
            if (!isFinal && members(view.told).anyMatch(volume::equals)) {
                throw new FaultException(
                        new NodeFault.NotCommitted(view.told.getGroup(), view.told.getView()));
            }
        }
    }

    /// A volume holds all of it. Elsewhere, because whoever copies may be waited for by whoever closes the view.
    void copied(String volume) {
        views.values().stream()
                .filter(view -> members(view.told).anyMatch(volume::equals))
                .map(view -> view.told.getView())
                .findFirst()
                .ifPresent(view -> Thread.startVirtualThread(() -> settleWhenCopied(view)));
    }

    private synchronized void settleWhenCopied(String view) {
        View open = views.get(view);
        if (open != null
                && open.told.hasTerm()
                && members(open.told).allMatch(volumes.hydrations()::isComplete)) {
            settle(open.told);
        }
    }

    /// First each volume is one of its own, durably; then the view is no more, and its point is held by nobody.
    private void settle(OpenView told) {
        members(told).forEach(volumes::standAlone);
        this.told.remove(KIND, told.getView());
        views.remove(told.getView());
        members(told).forEach(overlays::remove);
        receivers.opened(told.getGroup()).ifPresent(r -> r.closeView(owner(told.getView())));
        LOG.log(Level.INFO, "view {0} is copied: its volumes stand alone", told.getView());
    }

    private static Stream<String> members(OpenView view) {
        return view.getVolumesList().stream().map(ViewVolume::getViewVolume);
    }

    /// Also one that did not open.
    synchronized void close(String view) {
        View open = views.remove(view);
        Optional<OpenView> was =
                open == null ? told.find(KIND, view, OpenView.parser()) : Optional.of(open.told);
        was.ifPresent(v -> v.getVolumesList().forEach(m -> delete(m.getViewVolume())));
        told.remove(KIND, view);
        was.flatMap(v -> receivers.opened(v.getGroup())).ifPresent(r -> r.closeView(owner(view)));
    }

    private void delete(String viewVolume) {
        overlays.remove(viewVolume);
        volumes.delete(viewVolume);
    }

    /// What the volume of an open view keeps of its own.
    Optional<Overlay> overlay(String viewVolume) {
        return Optional.ofNullable(overlays.get(viewVolume));
    }

    /// @throws FaultException with [NodeFault.InUse] when a view of the group (at this point, or at any for 0) is open, or could not be opened
    void requireNoneOpen(String group, long cut) {
        for (OpenView view : told.all(KIND, OpenView.parser())) {
            if (view.getGroup().equals(group) && (cut == 0 || view.getCut() == cut)) {
                throw new FaultException(
                        new NodeFault.InUse("Protection group " + group, "view " + view.getView()));
            }
        }
    }

    /// @throws FaultException with [NodeFault.InUse] when a view that takes the writes of a promotion is open, or could not be opened
    void requireNoneLive(String group) {
        for (OpenView view : told.all(KIND, OpenView.parser())) {
            if (view.getGroup().equals(group) && view.hasTerm()) {
                throw new FaultException(
                        new NodeFault.InUse("Protection group " + group, "view " + view.getView()));
            }
        }
    }

    /// Those that take the writes of a promotion, or will, by group: enough for a control plane that knows nothing of them.
    Map<String, List<LiveView>> live() {
        var live = new HashMap<String, List<LiveView>>();
        for (View view : views.values()) {
            if (view.told.hasTerm()) {
                var said =
                        LiveView.newBuilder()
                                .setView(view.told.getView())
                                .setCut(view.point.number())
                                .setStampMillis(view.point.stampMillis())
                                .setTerm(view.told.getTerm())
                                .addAllVolumes(view.told.getVolumesList());
                if (view.told.hasWithoutControl()) {
                    said.setWithoutControl(view.told.getWithoutControl());
                }
                live.computeIfAbsent(view.told.getGroup(), _ -> new ArrayList<>())
                        .add(said.build());
            }
        }
        return live;
    }

    Map<String, List<String>> byGroup() {
        var open = new HashMap<String, List<String>>();
        views.values()
                .forEach(v ->
                        open.computeIfAbsent(v.told.getGroup(), _ -> new ArrayList<>())
                                .add(v.told.getView()));
        return open;
    }
}
