// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.grant.GrantTimes;
import io.redoubt.core.grant.Grantor;
import io.redoubt.core.grant.SourceEnd;
import io.redoubt.core.port.Clock;
import io.redoubt.core.port.Disk;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.protocol.AdoptedVolume;
import io.redoubt.protocol.CountLoss;
import io.redoubt.protocol.FreezeFailure;
import io.redoubt.protocol.LabelPoint;
import io.redoubt.protocol.LiveView;
import io.redoubt.protocol.LossCounted;
import io.redoubt.protocol.PointLabelled;
import io.redoubt.protocol.PointsListed;
import io.redoubt.protocol.ProtectReceiver;
import io.redoubt.protocol.ProtectedVolume;
import io.redoubt.protocol.ReceiverPromoted;
import io.redoubt.protocol.ReceiverReport;
import io.redoubt.protocol.Retention;
import io.redoubt.protocol.RetentionSet;
import io.redoubt.protocol.VolumeLoss;
import io.redoubt.storage.journal.Fork;
import io.redoubt.storage.journal.Housekeeping;
import io.redoubt.storage.journal.Journal;
import io.redoubt.storage.journal.JournalLimits;
import io.redoubt.storage.journal.Ladder;
import io.redoubt.storage.journal.PointTag;
import io.redoubt.storage.journal.RecoveryPoint;
import io.redoubt.storage.journal.Roles;
import io.redoubt.storage.replication.History;
import io.redoubt.storage.replication.HostedReceiver;
import io.redoubt.storage.replication.Loss;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

/// The groups whose journals this node keeps.
final class Receivers implements AutoCloseable {
    private static final Logger LOG = System.getLogger(Receivers.class.getName());
    private static final String KIND = "receiver";

    /// They stay for ever, so each second's report names them all.
    private static final int PROTECTED_MAX = 1000;

    private final Path home;
    private final GroupKeys keys;
    private final Told told;
    private final Clock clock;
    private final JournalLimits limits;
    private final Housekeeping.Settings settings;
    private final Retentions retentions;
    private final Bases bases;
    private final Map<String, Receiver> receivers = new ConcurrentSkipListMap<>();

    /// Why the journals that did not open did not, by group.
    private final Map<String, String> closed = new ConcurrentSkipListMap<>();

    /// Where the volumes of this node are that journals adopt.
    interface Bases {
        AdoptedDisk.Place of(String volume);
    }

    private record Receiver(ProtectReceiver told, UUID lineage, HostedReceiver hosted) {}

    Receivers(Path home, Told told, Clock clock, Bases bases) {
        this(home, told, clock, JournalLimits.DEFAULT, Housekeeping.Settings.DEFAULT, bases);
    }

    /// @param limits   of each journal, with the quota of those that were told none
    /// @param settings with the ladder of journals that were told none
    Receivers(
            Path home,
            Told told,
            Clock clock,
            JournalLimits limits,
            Housekeeping.Settings settings,
            Bases bases) {
        this.home = home;
        this.bases = bases;
        this.keys = new GroupKeys(home.resolve("region.key"));
        this.told = told;
        this.clock = clock;
        this.limits = limits;
        this.settings = settings;
        this.retentions = new Retentions(told, settings.ladder(), limits.quotaBytes());
    }

    /// A journal that does not open keeps no other group from being received; its own streams and views are refused.
    void reopen() {
        for (ProtectReceiver wanted : told.all(KIND, ProtectReceiver.parser())) {
            try {
                receivers.put(wanted.getGroup(), open(wanted));
            } catch (FaultException e) {
                closed.put(wanted.getGroup(), e.fault().message());
                LOG.log(Level.ERROR, "journal of " + wanted.getGroup() + " stays closed", e);
            }
        }
    }

    synchronized void protect(ProtectReceiver wanted) {
        Receiver present = receivers.get(wanted.getGroup());
        if (present != null && !present.told.getLineage().equals(wanted.getLineage())) {
            throw new FaultException(
                    new NodeFault.OtherJournal(wanted.getGroup(), present.told.getLineage()));
        }
        if (present != null && wanted.getTerm() < present.hosted.roles().term()) {
            throw new FaultException(
                    new NodeFault.OldTerm(
                            wanted.getGroup(), wanted.getTerm(), present.hosted.roles().term()));
        }
        if (present == null) {
            told.put(KIND, wanted.getGroup(), wanted);
            receivers.put(wanted.getGroup(), open(wanted));
            closed.remove(wanted.getGroup());
            return;
        }
        boolean older = wanted.getMembership() < present.told.getMembership();
        boolean other =
                wanted.getMembership() == present.told.getMembership()
                        && !members(wanted).equals(members(present.told));
        if (older || other) {
            throw new FaultException(
                    new NodeFault.OldMembership(
                            wanted.getGroup(),
                            wanted.getMembership(),
                            present.told.getMembership()));
        }
        if (wanted.getTerm() > present.hosted.roles().term()) {
            present.hosted.resumeRole(wanted.getTerm());
        }
        present.hosted.isolation(Isolations.of(wanted.getIsolation()));
        if (wanted.getMembership() > present.told.getMembership()) {
            ofOtherMembers(wanted, present);
        }
    }

    /// The rest of what it was told once stays: a journal keeps its history and its bases.
    private void ofOtherMembers(ProtectReceiver wanted, Receiver present) {
        for (ProtectedVolume volume : wanted.getVolumesList()) {
            present.hosted.requireSize(new VolumeId(volume.getVolume()), volume.getSizeBytes());
        }
        ProtectReceiver now =
                present.told.toBuilder()
                        .clearVolumes()
                        .addAllVolumes(wanted.getVolumesList())
                        .clearSourceNodes()
                        .addAllSourceNodes(wanted.getSourceNodesList())
                        .setMembership(wanted.getMembership())
                        .build();
        told.put(KIND, wanted.getGroup(), now);
        present.hosted.members(members(now));
        receivers.put(wanted.getGroup(), new Receiver(now, present.lineage, present.hosted));
    }

    private static Set<VolumeId> members(ProtectReceiver told) {
        return told.getVolumesList().stream()
                .map(volume -> new VolumeId(volume.getVolume()))
                .collect(Collectors.toSet());
    }

    private Receiver open(ProtectReceiver wanted) {
        UUID lineage = Lineages.parse(wanted.getLineage());
        Retention retention = retentions.of(wanted.getGroup());
        Journal journal =
                Journal.open(
                        disk(wanted),
                        lineage,
                        wanted.hasFork() ? fork(wanted.getFork()) : null,
                        Retentions.limits(limits, retention),
                        keys.of(wanted.getTenant()));
        Set<VolumeId> members = members(wanted);
        for (AdoptedVolume each : wanted.getAdoptedList()) {
            VolumeId volume = new VolumeId(each.getVolume());
            if (members.contains(volume)) { // else it left, and was taken before
                int _ =
                        journal.adoptions()
                                .take(volume, size(wanted, each.getVolume()), baseName(each));
            }
        }
        Roles roles = journal.roles();
        if (roles.term() < wanted.getTerm()) {
            roles = roles.with(wanted.getTerm(), false, false);
        }
        roles = roles.with(Isolations.of(wanted.getIsolation()));
        journal.roles(roles);
        var grantor =
                new Grantor(
                        GrantTimes.DEFAULT,
                        roles.term(),
                        roles.stopped(),
                        roles.promoted(),
                        clock.bootNanos());
        var house = new Housekeeping.Settings(Retentions.ladder(retention), settings.scrubEvery());
        var hosted = new HostedReceiver(journal, grantor, clock, house);
        hosted.members(members);
        return new Receiver(wanted, lineage, hosted);
    }

    private Disk disk(ProtectReceiver wanted) {
        var own = new SystemDisk(directory(wanted.getGroup()));
        if (wanted.getAdoptedCount() == 0) {
            return own;
        }
        var files = new HashMap<String, AdoptedDisk.Place>();
        wanted.getAdoptedList()
                .forEach(each -> files.put(baseName(each), bases.of(each.getHere())));
        return new AdoptedDisk(own, Map.copyOf(files));
    }

    private static String baseName(AdoptedVolume adopted) {
        return "volume-" + adopted.getHere();
    }

    private static long size(ProtectReceiver wanted, String volume) {
        return wanted.getVolumesList().stream()
                .filter(member -> member.getVolume().equals(volume))
                .findFirst()
                .orElseThrow()
                .getSizeBytes();
    }

    private static Fork fork(io.redoubt.protocol.Fork told) {
        var vector = new HashMap<VolumeId, Long>();
        told.getVseqsMap().forEach((volume, vseq) -> vector.put(new VolumeId(volume), vseq));
        return new Fork(Lineages.parse(told.getParent()), told.getPoint(), vector);
    }

    private Path directory(String group) {
        return home.resolve("groups").resolve(group);
    }

    synchronized void unprotect(String group) {
        Receiver receiver = receivers.remove(group);
        closed.remove(group);
        retentions.remove(group); // first: without the receiver nobody would come back for it
        told.remove(KIND, group);
        if (receiver != null) {
            receiver.hosted.close();
        }
        Volumes.deleteTree(directory(group));
    }

    /// Also one whose journal did not open.
    boolean has(String group) {
        return told.find(KIND, group, ProtectReceiver.parser()).isPresent();
    }

    List<ProtectedVolume> volumesOf(String group) {
        Receiver receiver = receivers.get(group);
        return receiver == null ? List.of() : receiver.told.getVolumesList();
    }

    /// Whether the group's journal here is of this lineage, also one that did not open.
    boolean keeps(String group, String lineage) {
        return told.find(KIND, group, ProtectReceiver.parser())
                .filter(kept -> kept.getLineage().equals(lineage))
                .isPresent();
    }

    /// @throws FaultException with [NodeFault.InUse] when the journal has more than the point of what was adopted
    void requireUnbegun(String group) {
        boolean begun =
                opened(group)
                        .filter(r -> r.connected() || r.pointsAndBranch().size() > 1)
                        .isPresent();
        if (begun) {
            throw new FaultException(
                    new NodeFault.InUse("The journal of protection group " + group, "its source"));
        }
    }

    /// @throws FaultException with [NodeFault.UnknownGroup] or [NodeFault.JournalClosed]
    HostedReceiver require(String group) {
        return opened(group).orElseThrow(() -> new FaultException(absent(group)));
    }

    private NodeFault absent(String group) {
        String why = closed.get(group);
        return why == null
                ? new NodeFault.UnknownGroup(group)
                : new NodeFault.JournalClosed(group, why);
    }

    /// Empty for one that is not received here, or whose journal did not open.
    Optional<HostedReceiver> opened(String group) {
        return Optional.ofNullable(receivers.get(group)).map(Receiver::hosted);
    }

    void stopGrants(String group, long term) {
        HostedReceiver receiver = require(group);
        if (!receiver.stopGrants(term)) {
            throw new FaultException(new NodeFault.OldTerm(group, term, receiver.roles().term()));
        }
    }

    /// Holds at once, and after a restart: it is durable first.
    ///
    /// @param preview changes nothing
    /// @return what the ladder lets go
    synchronized RetentionSet retain(String group, Retention wanted, boolean preview) {
        HostedReceiver receiver = require(group);
        Ladder ladder = Retentions.ladder(wanted);
        JournalLimits wantedLimits = Retentions.limits(limits, wanted);
        var answer =
                RetentionSet.newBuilder()
                        .addAllGoingPoints(receiver.wouldDrop(ladder))
                        .setBytes(receiver.standing().room().room().bytes());
        if (!preview) {
            retentions.put(group, wanted);
            receiver.retention(ladder, wantedLimits.quotaBytes());
        }
        return answer.build();
    }

    /// @param number 0 only asks whether one more could be protected
    synchronized void protectPoint(String group, long number, boolean on) {
        HostedReceiver receiver = require(group);
        Set<Long> guarded = receiver.journal().guarded();
        if (guarded.contains(number) == on) {
            return;
        }
        if (on && guarded.size() >= PROTECTED_MAX) {
            throw new FaultException(new NodeFault.TooManyProtected(group, guarded.size()));
        }
        if (number == 0) {
            receiver.requireRoomToProtect();
        } else {
            receiver.protectPoint(number, on);
        }
    }

    /// What became known of a point after its cut; a volume whose machine nobody spoke of makes it no better than a crash.
    ///
    /// @throws FaultException with [io.redoubt.storage.journal.JournalFault.NoSuchPoint]
    synchronized PointLabelled label(LabelPoint wanted) {
        HostedReceiver receiver = require(wanted.getGroup());
        receiver.labelPoint(wanted.getNumber(), point -> label(wanted, point));
        return PointLabelled.newBuilder()
                .setPoint(
                        ReceiverReports.point(receiver.journal().view(wanted.getNumber()).point()))
                .build();
    }

    private static PointTag label(LabelPoint wanted, RecoveryPoint point) {
        var failures = new ArrayList<>(failures(wanted.getFailuresList()));
        point.vector().keySet().stream()
                .map(VolumeId::value)
                .filter(volume -> !wanted.getVolumesList().contains(volume))
                .sorted()
                .forEach(volume ->
                        failures.add(
                                new PointTag.Failure(
                                        volume,
                                        "its machine joined after the guests were frozen")));
        return point.tag()
                .with(
                        failures.isEmpty()
                                ? PointTag.Consistency.APPLICATION
                                : PointTag.Consistency.CRASH,
                        failures);
    }

    static List<PointTag.Failure> failures(List<FreezeFailure> told) {
        return told.stream()
                .map(failure -> new PointTag.Failure(failure.getMachine(), failure.getReason()))
                .toList();
    }

    /// A point that is not there is deleted already.
    synchronized void deletePoint(String group, long number) {
        HostedReceiver receiver = require(group);
        if (receiver.journal().guarded().contains(number)) {
            throw new FaultException(new NodeFault.PointProtected(group, number));
        }
        if (receiver.pointsAndBranch().stream().anyMatch(p -> p.number() == number)) {
            receiver.dropPoint(number);
        }
    }

    /// Answers when this side is promoted: at once when the source released, else when its grants have expired.
    ///
    /// @throws FaultException with [io.redoubt.storage.journal.JournalFault.SourceMayGoOn]
    ReceiverPromoted promote(String group, long term, SourceEnd end) {
        HostedReceiver receiver = require(group);
        long began = clock.bootNanos();
        while (true) {
            long wait = receiver.promote(term, end);
            if (wait < 0) {
                throw new FaultException(
                        new NodeFault.OldTerm(group, term, receiver.roles().term()));
            }
            if (wait == 0) {
                long waited = TimeUnit.NANOSECONDS.toMillis(clock.bootNanos() - began);
                return ReceiverPromoted.newBuilder().setWaitedMillis(waited).build();
            }
            LockSupport.parkNanos(wait);
        }
    }

    /// @param preview only asks whether a commit forbids it
    /// @throws FaultException with [NodeFault.OldTerm] or [io.redoubt.storage.journal.JournalFault.Committed]
    void rollBack(String group, long term, boolean preview) {
        HostedReceiver receiver = require(group);
        if (preview) {
            receiver.requireNotCommitted();
        } else if (!receiver.rollBack(term)) {
            throw new FaultException(new NodeFault.OldTerm(group, term, receiver.roles().term()));
        }
    }

    /// @throws FaultException with [NodeFault.NotPromoted]
    void commit(String group, long term, long point) {
        HostedReceiver receiver = require(group);
        Roles roles = receiver.roles();
        if (!roles.promoted() || roles.term() != term) {
            throw new FaultException(new NodeFault.NotPromoted(group, term, roles.term()));
        }
        receiver.commit(point);
    }

    LossCounted count(CountLoss wanted) {
        Loss loss = require(wanted.getGroup()).lossBehind(wanted.getPoint());
        var answer = LossCounted.newBuilder().setComplete(loss.isComplete());
        loss.volumes()
                .forEach((volume, lost) ->
                        answer.addVolumes(
                                VolumeLoss.newBuilder()
                                        .setVolume(volume.value())
                                        .setWrites(lost.arrived().writes())
                                        .setBytes(lost.arrived().bytes())
                                        .setThrough(lost.through())
                                        .setMissingBytes(lost.missingBytes())));
        return answer.build();
    }

    PointsListed list(String group, long after, int limit) {
        var listed = PointsListed.newBuilder();
        require(group).pointsAndBranch().stream()
                .filter(p -> p.number() > after)
                .limit(limit <= 0 ? Long.MAX_VALUE : limit)
                .forEach(p -> listed.addPoints(ReceiverReports.whole(p)));
        return listed.build();
    }

    List<ReceiverReport> reports(
            Map<String, List<String>> openViews, Map<String, List<LiveView>> live) {
        var reports = new ArrayList<ReceiverReport>();
        receivers.forEach((group, receiver) ->
                reports.add(
                        ReceiverReports.of(
                                group,
                                receiver.hosted,
                                retentions.of(group),
                                openViews.getOrDefault(group, List.of()),
                                live.getOrDefault(group, List.of()),
                                receiver.told.getMembership())));
        return reports;
    }

    /// The journal of a group, for one of its sources.
    ///
    /// @param node the proven name of the one that speaks; a node without a part in the group finds nothing, and nobody finds a journal whose
    ///     first point is not there yet
    Optional<HostedReceiver> find(History history, String node) {
        List<HostedReceiver> fromThere =
                receivers.values().stream()
                        .filter(receiver -> receiver.told.getSourceNodesList().contains(node))
                        .map(Receiver::hosted)
                        .filter(hosted -> !hosted.adopts())
                        .toList();
        return fromThere.stream()
                .filter(receiver -> receiver.history().lineage().equals(history.lineage()))
                .findFirst()
                .or(() ->
                        fromThere.stream()
                                .filter(receiver -> receiver.history().isRelatedTo(history))
                                .findFirst());
    }

    Collection<HostedReceiver> all() {
        return receivers.values().stream().map(Receiver::hosted).toList();
    }

    @Override
    public void close() {
        receivers.values().forEach(r -> r.hosted.close());
    }
}
