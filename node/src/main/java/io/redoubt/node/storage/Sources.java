// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.grant.GrantAnswer;
import io.redoubt.core.grant.GrantHolder;
import io.redoubt.core.grant.GrantTimes;
import io.redoubt.core.grant.GrantorKind;
import io.redoubt.core.grant.Isolation;
import io.redoubt.core.port.Clock;
import io.redoubt.core.port.Disk;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.protocol.ControlMessage;
import io.redoubt.protocol.CountLoss;
import io.redoubt.protocol.GrantRefusal;
import io.redoubt.protocol.GrantRequest;
import io.redoubt.protocol.GroupVerified;
import io.redoubt.protocol.LossCounted;
import io.redoubt.protocol.PointTaken;
import io.redoubt.protocol.ProtectSource;
import io.redoubt.protocol.ProtectedVolume;
import io.redoubt.protocol.SourceProtected;
import io.redoubt.protocol.SourceReleased;
import io.redoubt.protocol.SourceReport;
import io.redoubt.protocol.TakePoint;
import io.redoubt.protocol.TellUnshipped;
import io.redoubt.protocol.UnshippedTold;
import io.redoubt.protocol.VerifyGroup;
import io.redoubt.protocol.VolumeDelta;
import io.redoubt.protocol.VolumeLoss;
import io.redoubt.storage.journal.PointTag;
import io.redoubt.storage.journal.WritesBehind;
import io.redoubt.storage.replication.GrantMemory;
import io.redoubt.storage.replication.GroupSource;
import io.redoubt.storage.replication.History;
import io.redoubt.storage.replication.SourceLimits;
import io.redoubt.storage.replication.SourceLink;
import io.redoubt.storage.replication.SourceVolume;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// The groups that this node writes: their splitters, links and grants.
final class Sources implements AutoCloseable {
    private static final Logger LOG = System.getLogger(Sources.class.getName());
    private static final String KIND = "source";

    private static final int CUTS_TRIED_MAX = 5;
    private static final long CUT_AGAIN_NANOS = 100_000_000L;

    private final Path home;
    private final Told told;
    private final Clock clock;
    private final Volumes volumes;
    private final StreamDialer dialer;
    private final Deltas deltas;
    private final SecureRandom random = new SecureRandom();
    private final Verifications verifications = new Verifications();
    private final SourceReports sourceReports;
    private final Map<String, Source> sources = new ConcurrentSkipListMap<>();
    private final Map<String, ProtectSource> closed = new ConcurrentSkipListMap<>();

    /// @param peers    of which its link asks where they are each time it dials
    /// @param compared why everything is compared although it is a way back, empty when it is not
    private record Source(
            ProtectSource told,
            UUID lineage,
            SourcePeers peers,
            GrantHolder holder,
            GrantMemory memory,
            GroupSource group,
            SourceLink link,
            String compared) {}

    Sources(
            Path home,
            Told told,
            Clock clock,
            Volumes volumes,
            StreamDialer dialer,
            Deltas deltas) {
        this.deltas = deltas;
        this.home = home;
        this.told = told;
        this.clock = clock;
        this.volumes = volumes;
        this.dialer = dialer;
        this.sourceReports = new SourceReports(clock, SourceLimits.DEFAULT);
    }

    /// Puts the splitters back in their places before any socket opens. A group that does not open, most often because a volume of it did
    /// not, keeps nobody else from being served; but nobody attaches to its volumes, since their writes would never travel.
    void reopen() {
        for (ProtectSource wanted : told.all(KIND, ProtectSource.parser())) {
            String group = wanted.getGroup();
            try {
                sources.put(group, open(wanted));
            } catch (FaultException e) {
                LOG.log(Level.ERROR, "protection group " + group + " stays closed", e);
                closed.put(group, wanted);
                members(wanted).forEach(volume -> volumes.withhold(volume, group));
            }
        }
    }

    private static List<String> members(ProtectSource group) {
        return group.getVolumesList().stream().map(ProtectedVolume::getVolume).toList();
    }

    synchronized SourceProtected protect(ProtectSource said) {
        Source present = sources.get(said.getGroup());
        ProtectSource wanted = said;
        if (present != null) {
            wanted = withLaterIsolation(said, present);
            if (wanted.getTerm() < present.holder.term()) {
                throw new FaultException(
                        new NodeFault.OldTerm(
                                wanted.getGroup(), wanted.getTerm(), present.holder.term()));
            }
            if (wanted.getMembership() < present.told.getMembership()) {
                throw new FaultException(
                        new NodeFault.OldMembership(
                                wanted.getGroup(),
                                wanted.getMembership(),
                                present.told.getMembership()));
            }
            if (wanted.equals(present.told)) {
                return SourceProtected.newBuilder().setCompared(present.compared).build();
            }
            if (wanted.getMembership() == present.told.getMembership()) {
                present.peers.requireSame(wanted);
            }
            members(wanted).forEach(volumes::require); // all of them, before anything changes
        }
        told.put(KIND, wanted.getGroup(), wanted);
        Source now = present == null ? open(wanted) : changed(wanted, present);
        sources.put(wanted.getGroup(), now);
        admit(closed.remove(wanted.getGroup()));
        return SourceProtected.newBuilder().setCompared(now.compared).build();
    }

    /// A peer that moved costs no stream: only the next connection to it goes elsewhere. Neither does another limit. Anything else needs a new
    /// link.
    private Source changed(ProtectSource wanted, Source source) {
        if (wanted.getTerm() > source.told.getTerm()) {
            source.holder.resume(wanted.getTerm());
        }
        source.holder.isolation(Isolations.of(wanted.getIsolation()));
        if (!source.peers.names().equals(SourcePeers.of(wanted).names())
                || !members(wanted).equals(members(source.told))) {
            return ofOtherMembers(wanted, source);
        }
        source.peers.moved(wanted);
        boolean sameLink = withoutRest(wanted).equals(withoutRest(source.told));
        if (!sameLink) {
            source.link.close();
        }
        SourceLink link = sameLink ? source.link : link(wanted, source.peers, source.group);
        link.limit(wanted.getBytesPerSecond());
        if (!sameLink) {
            link.start();
        }
        return new Source(
                wanted,
                source.lineage,
                source.peers,
                source.holder,
                source.memory,
                source.group,
                link,
                source.compared);
    }

    private static ProtectSource withoutRest(ProtectSource told) {
        return told.toBuilder()
                .clearPeers()
                .clearBytesPerSecond()
                .clearIsolation()
                .clearMembership()
                .build();
    }

    /// A command that was long on its way does not bring an older word back.
    private static ProtectSource withLaterIsolation(ProtectSource said, Source present) {
        Isolation later = present.holder.isolation().or(Isolations.of(said.getIsolation()));
        return said.toBuilder().setIsolation(Isolations.told(later)).build();
    }

    /// Volumes join or leave, here or at another source. Splitters of the others stay where they are, so no guest waits; the stream begins anew.
    private Source ofOtherMembers(ProtectSource wanted, Source source) {
        String name = wanted.getGroup();
        source.link.close();
        verifications.forget(name);
        for (SourceVolume volume : source.group.volumes()) {
            String id = volume.id().value();
            if (!members(wanted).contains(id)) {
                volumes.require(id).slot().remove();
                sourceReports.forget(id);
                SourceVolume.forget(splitterDisk(id));
            }
        }
        List<SourceVolume> now = new ArrayList<>();
        for (String id : members(wanted)) {
            now.add(
                    source.group.volumes().stream()
                            .filter(volume -> volume.id().value().equals(id))
                            .findFirst()
                            .orElseGet(() -> joining(id, source.holder)));
        }
        SourcePeers peers = SourcePeers.of(wanted);
        GroupSource group = group(wanted, source.lineage, peers, now, source.holder);
        SourceLink link = link(wanted, peers, group);
        link.limit(wanted.getBytesPerSecond());
        link.start();
        return new Source(
                wanted,
                source.lineage,
                peers,
                source.holder,
                source.memory,
                group,
                link,
                source.compared);
    }

    /// What a splitter of it knew before says nothing of what was written since.
    private SourceVolume joining(String volume, GrantHolder holder) {
        SourceVolume.forget(splitterDisk(volume));
        return splitter(volumes.require(volume), holder);
    }

    private Disk splitterDisk(String volume) {
        return new SystemDisk(volumes.directory(volume).resolve("source"));
    }

    private SourceVolume splitter(HostedVolume volume, GrantHolder holder) {
        Disk disk = splitterDisk(volume.id().value());
        return volume.slot()
                .insert(raw ->
                        new SourceVolume(
                                volume.id(),
                                raw,
                                disk,
                                clock,
                                SourceLimits.DEFAULT,
                                () -> holder.standing(clock.bootNanos())));
    }

    private GroupSource group(
            ProtectSource wanted,
            UUID lineage,
            SourcePeers peers,
            List<SourceVolume> members,
            GrantHolder holder) {
        return new GroupSource(
                History.first(lineage),
                wanted.getSourceNode(),
                peers.names(),
                random.nextLong(),
                members,
                clock,
                holder);
    }

    private void admit(@Nullable ProtectSource group) {
        if (group != null) {
            members(group).forEach(volumes::release);
        }
    }

    private Source open(ProtectSource wanted) {
        var memory =
                new GrantMemory(
                        new SystemDisk(
                                home.resolve("groups").resolve(wanted.getGroup() + "-source")));
        var holder =
                new GrantHolder(GrantTimes.DEFAULT, memory.load(wanted.getTerm()), clock.bootId());
        holder.isolation(Isolations.of(wanted.getIsolation()));
        // All of them, before the first is changed.
        List<HostedVolume> hosted = members(wanted).stream().map(volumes::require).toList();
        List<SourceVolume> members =
                hosted.stream().map(volume -> splitter(volume, holder)).toList();
        UUID lineage = Lineages.parse(wanted.getLineage());
        SourcePeers peers = SourcePeers.of(wanted);
        GroupSource group = group(wanted, lineage, peers, members, holder);
        String compared =
                members.stream()
                        .flatMap(member -> deltas.tell(wanted, member).stream())
                        .findFirst()
                        .orElse("");
        SourceLink link = link(wanted, peers, group);
        link.limit(wanted.getBytesPerSecond());
        link.start();
        return new Source(wanted, lineage, peers, holder, memory, group, link, compared);
    }

    private SourceLink link(ProtectSource wanted, SourcePeers peers, GroupSource group) {
        return new SourceLink(
                wanted.getGroup(),
                group,
                () -> dialer.dial(wanted.getReceiverAddress(), wanted.getReceiverNode()),
                peers.dialers(dialer),
                clock,
                Duration.ofMillis(wanted.getIntervalMillis()));
    }

    /// The source of a group, for another source of the same group that makes its cuts.
    ///
    /// @param node the proven name of the other one; a node without a part in the group finds nothing
    Optional<SourceLink> find(UUID lineage, String node) {
        return sources.values().stream()
                .filter(source -> source.lineage.equals(lineage) && source.peers.has(node))
                .map(Source::link)
                .findFirst();
    }

    /// The group goes on without this node. A word of a control plane that does not know of the return ends nothing (ADR 34), nor does one that
    /// was late.
    ///
    /// @param left the number of the first members without this node
    /// @throws FaultException with [NodeFault.MemberAgain]
    synchronized void leave(String group, long left) {
        Source source = sources.get(group);
        ProtectSource known = source == null ? closed.get(group) : source.told;
        if (known != null && known.getMembership() >= left) {
            throw new FaultException(new NodeFault.MemberAgain(group, left, known.getMembership()));
        }
        unprotect(group);
    }

    /// What a splitter kept goes with it, but for the ceiling of its numbers: a later protection must not find what it knew of writes before.
    synchronized void unprotect(String group) {
        Source source = sources.remove(group);
        verifications.forget(group);
        told.remove(KIND, group);
        if (source != null) {
            source.link.close();
            members(source.told).forEach(volume -> volumes.require(volume).slot().remove());
            members(source.told).forEach(sourceReports::forget);
            forget(source.told);
        }
        ProtectSource shut = closed.remove(group);
        if (shut != null) {
            forget(shut);
            admit(shut);
        }
    }

    private void forget(ProtectSource group) {
        for (String volume : members(group)) {
            SourceVolume.forget(splitterDisk(volume));
        }
        Volumes.deleteTree(home.resolve("groups").resolve(group.getGroup() + "-source"));
    }

    /// What is known of frozen guests comes after the cut, see [Receivers#label].
    PointTaken takePoint(TakePoint wanted) {
        String group = wanted.getGroup();
        var tag =
                new PointTag(
                        wanted.getName(),
                        PointTag.Consistency.CRASH,
                        wanted.getTakenBy(),
                        Receivers.failures(wanted.getFreezeFailuresList()),
                        wanted.getOrder());
        Source source = require(group);
        long number = cut(group, source, tag.text());
        return PointTaken.newBuilder().setNumber(number).setStampMillis(clock.wallMillis()).build();
    }

    /// A cut over several nodes is given up when one of them is slow for a moment: then another one is made.
    private static long cut(String group, Source source, String name) {
        for (int tried = 0; tried < CUTS_TRIED_MAX; tried++) {
            if (!source.link.makesCuts() && source.link.status().connected()) {
                throw new FaultException(new NodeFault.NotCoordinator(group));
            }
            long number = source.link.cut(name);
            if (number >= 0) {
                return number;
            }
            LockSupport.parkNanos(CUT_AGAIN_NANOS);
        }
        throw new FaultException(new NodeFault.NotNow(group, "it does not stream to its replica"));
    }

    GroupVerified verify(VerifyGroup wanted) {
        return verifications.verify(wanted, require(wanted.getGroup()).link);
    }

    /// The decision of a promotion reached this side: no acknowledgement any more, durably, before the answer.
    SourceReleased release(String group, long term) {
        Source source = require(group);
        if (!source.holder.release(term)) {
            throw new FaultException(new NodeFault.OldTerm(group, term, source.holder.term()));
        }
        // Writes in execution end first; those that begin now find no grant.
        source.group.volumes().forEach(SourceVolume::drain);
        source.memory.store(source.holder, clock.bootId());
        var answer = SourceReleased.newBuilder().setReleased(true);
        source.group.volumes().forEach(v -> answer.putVseqs(v.id().value(), v.lastVseq()));
        return answer.build();
    }

    /// @throws FaultException with [NodeFault.NotNow] before the release
    UnshippedTold unshipped(TellUnshipped wanted) {
        Source source = require(wanted.getGroup());
        requireReleased(source, wanted.getTerm());
        var answer = UnshippedTold.newBuilder();
        for (SourceVolume volume : source.group.volumes()) {
            var ranges = new CoarseRanges(wanted.getLimit(), volume.size());
            volume.differences().tell(ranges);
            answer.addVolumes(
                    VolumeDelta.newBuilder()
                            .setOldVolume(volume.id().value())
                            .addAllUnshipped(ranges.ranges()));
        }
        return answer.build();
    }

    /// What a source has that did not arrive.
    ///
    /// @throws FaultException with [NodeFault.NotNow] before the release
    LossCounted count(CountLoss wanted) {
        Source source = require(wanted.getGroup());
        requireReleased(source, 1);
        var answer = LossCounted.newBuilder().setComplete(true);
        for (SourceVolume volume : source.group.volumes()) {
            long above = wanted.getAboveOrDefault(volume.id().value(), Long.MAX_VALUE);
            WritesBehind.Count count = volume.differences().spooledAbove(above);
            answer.addVolumes(
                    VolumeLoss.newBuilder()
                            .setVolume(volume.id().value())
                            .setWrites(count.writes())
                            .setBytes(count.bytes()));
            if (volume.differences().dirtyBlocks() > 0) {
                answer.setComplete(false);
            }
        }
        return answer.build();
    }

    private static void requireReleased(Source source, long term) {
        if (source.holder.releasedTerm() < term) {
            throw new FaultException(
                    new NodeFault.NotNow(source.told.getGroup(), "its source has not released"));
        }
    }

    List<GrantRequest> grantRequests() {
        var requests = new ArrayList<GrantRequest>();
        for (Source source : sources.values()) {
            long nonce = random.nextLong();
            source.holder.requested(GrantorKind.CONTROL, nonce, clock.bootNanos());
            requests.add(
                    GrantRequest.newBuilder()
                            .setGroup(source.told.getGroup())
                            .setNonce(nonce)
                            .setTerm(source.holder.term())
                            .setBootId(clock.bootId())
                            .build());
            source.memory.store(source.holder, clock.bootId());
        }
        return requests;
    }

    void answered(ControlMessage message) {
        if (message.hasGrant()) {
            Source source = sources.get(message.getGrant().getGroup());
            if (source != null) {
                source.holder.answered(
                        GrantorKind.CONTROL,
                        message.getGrant().getNonce(),
                        new GrantAnswer.Granted(message.getGrant().getTerm()));
            }
        } else {
            Source source = sources.get(message.getGrantRefused().getGroup());
            if (source != null) {
                source.holder.answered(
                        GrantorKind.CONTROL,
                        message.getGrantRefused().getNonce(),
                        new GrantAnswer.Refused(
                                message.getGrantRefused().getTerm(),
                                reason(message.getGrantRefused().getReason())));
            }
        }
    }

    private static GrantAnswer.Reason reason(GrantRefusal refusal) {
        return switch (refusal) {
            case PROMOTED -> GrantAnswer.Reason.PROMOTED;
            case BOOT_UNCONFIRMED -> GrantAnswer.Reason.BOOT_UNCONFIRMED;
            case OLD_TERM -> GrantAnswer.Reason.OLD_TERM;
            case STOPPED, UNKNOWN_GROUP, GRANT_REFUSAL_UNSPECIFIED, UNRECOGNIZED ->
                    GrantAnswer.Reason.STOPPED;
        };
    }

    List<SourceReport> reports() {
        var reports = new ArrayList<SourceReport>();
        for (Source source : sources.values()) {
            reports.add(
                    sourceReports
                            .of(source.told.getGroup(), source.link)
                            .setTerm(source.holder.term())
                            .setReleased(source.holder.releasedTerm() >= source.told.getTerm())
                            .setReceiverAddress(source.told.getReceiverAddress())
                            .addAllPeers(source.told.getPeersList())
                            .setMakesCuts(source.link.makesCuts())
                            .setBytesPerSecond(source.told.getBytesPerSecond())
                            .setIsolation(Isolations.told(source.holder.isolation()))
                            .setAlone(source.holder.alone(clock.bootNanos()))
                            .setMembership(source.told.getMembership())
                            .build());
        }
        return reports;
    }

    /// Where a volume's writes stand, empty when it is not protected here.
    Optional<GrantHolder> holderOf(String volume) {
        return sources.values().stream()
                .filter(s ->
                        s.told.getVolumesList().stream()
                                .anyMatch(v -> v.getVolume().equals(volume)))
                .map(Source::holder)
                .findFirst();
    }

    private Source require(String group) {
        Source source = sources.get(group);
        if (source == null) {
            throw new FaultException(new NodeFault.UnknownGroup(group));
        }
        return source;
    }

    List<String> volumesOf(String group) {
        return members(require(group).told);
    }

    @Override
    public void close() {
        sources.values().forEach(s -> s.link.close());
    }
}
