// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.grant.Grantor;
import io.redoubt.core.port.Clock;
import io.redoubt.storage.journal.Journal;
import io.redoubt.storage.journal.PointTag;
import io.redoubt.storage.journal.RecoveryPoint;
import io.redoubt.storage.journal.WantedRange;
import io.redoubt.storage.journal.WritesBehind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The receiving side of a group: one [ReceiverSession] for each source, the journal that they all feed, and the cuts, which it publishes when
/// everything below them is there.
///
/// One source makes the cuts: the first that comes, until its connection ends or it is silent for too long. Its right to do so is a range of
/// cut numbers that is claimed durably and above every one before it, so whoever led before and was only paused is refused by its numbers
/// (rules 16, 19 and 20). A cut waits until every volume in it is covered, in the order of the numbers.
///
/// A core: one caller at a time, no threads. After a batch of frames the caller calls [#batchEnd]; what it returns is sent.
public final class GroupReceiver {
    private static final long SYNC_NANOS = 1_000_000_000L;
    private static final long UNSYNCED_BYTES_MAX = 8 << 20;
    private static final int PENDING_CUTS_MAX = 1024;

    /// What is damaged and can be healed is asked for so often, so many ranges at a time.
    private static final long WANTED_NANOS = 5_000_000_000L;

    private static final int WANTED_MAX = 64;

    /// A source that makes the cuts says something every second.
    private static final long LEAD_NANOS = 3_000_000_000L;

    private final Journal journal;
    private final Grantor grantor;
    private final Clock clock;
    private final SequencedSet<ReceiverSession> sessions = new LinkedHashSet<>();
    private final Deque<Frame.Cut> pending = new ArrayDeque<>();
    private final Set<VolumeId> counted = new HashSet<>();
    private final Map<VolumeId, Long> heard = new HashMap<>();
    private @Nullable ReceiverSession leader;
    private @Nullable Set<VolumeId> members;
    private long cutBase;
    private long lastCut;
    private long lastStampMillis;
    private long unsyncedBytes;
    private long syncedAtNanos;
    private boolean syncNow;
    private long cutsGivenUp;
    private long wantedAtNanos = Long.MIN_VALUE / 2;

    /// What goes to one of the sources.
    public record Outgoing(ReceiverSession to, Frame frame) {}

    public GroupReceiver(Journal journal, Grantor grantor, Clock clock) {
        this.journal = journal;
        this.grantor = grantor;
        this.clock = clock;
        List<RecoveryPoint> points = journal.points();
        if (!points.isEmpty()) {
            lastCut = points.getLast().number();
            lastStampMillis = points.getLast().stampMillis();
        }
    }

    /// From now on these are the group's volumes, durably when it returns. Points count the others no more, and wait for none of them; what still
    /// comes of them is taken and dropped, so that a source which has not heard of it yet goes on with the rest. Whoever never says this
    /// takes every volume that a source offers.
    public void members(Set<VolumeId> wanted) {
        // What of it was dropped was said to be here: its source must ask anew.
        List<ReceiverSession> outdated =
                sessions.stream().filter(s -> s.offersAnyOf(wanted, this::isMember)).toList();
        outdated.forEach(this::disconnected);
        for (VolumeId volume : journal.volumes()) {
            if (wanted.contains(volume)) {
                journal.comeBack(slotOf(volume));
            } else {
                journal.leave(slotOf(volume));
            }
        }
        members = Set.copyOf(wanted);
        counted.retainAll(wanted);
        List<Frame.Cut> waiting = List.copyOf(pending);
        pending.clear();
        for (Frame.Cut cut : waiting) {
            Frame.Cut without = ofMembers(cut);
            if (without.vector().isEmpty()) {
                cutsGivenUp++;
            } else {
                pending.add(without);
            }
        }
    }

    /// Whether points are to hold the volume.
    boolean isMember(VolumeId volume) {
        Set<VolumeId> known = members;
        return known == null || known.contains(volume);
    }

    private Frame.Cut ofMembers(Frame.Cut cut) {
        if (cut.vector().keySet().stream().allMatch(this::isMember)) {
            return cut;
        }
        Map<VolumeId, Long> without = new LinkedHashMap<>(cut.vector());
        without.keySet().removeIf(volume -> !isMember(volume));
        return new Frame.Cut(cut.number(), cut.stampMillis(), without, cut.pass(), cut.name());
    }

    /// A new connection; its first frame is a hello.
    public ReceiverSession connect() {
        return new ReceiverSession(this, journal);
    }

    /// The connection is gone; what it had not finished is forgotten.
    public void disconnected(ReceiverSession session) {
        sessions.remove(session);
        if (leader == session) {
            leader = null;
            forgetPending(); // its source keeps them and sends them again, when it still leads
        }
    }

    List<Frame> hello(ReceiverSession session, Frame.Hello hello) {
        if (grantor.promoted()) {
            return List.of(
                    new Frame.Refusal(
                            "This side was promoted.",
                            "Fail back to the old side by a pass.",
                            grantor.term()));
        }
        Optional<Frame.Refusal> stranger = refuseOther(hello);
        if (stranger.isPresent()) {
            return List.of(stranger.get());
        }
        if (session.opened()) {
            return List.of(); // it came twice
        }
        List<ReceiverSession> older =
                sessions.stream()
                        .filter(s -> s != session && s.source().equals(hello.source()))
                        .toList();
        older.forEach(this::disconnected);
        List<Frame.Resume> resumes = session.open(hello);
        sessions.add(session);
        if (leader == null) {
            leads(session);
        }
        return List.of(new Frame.Welcome(resumes));
    }

    /// What a source of another history is told; nothing of either side is touched.
    private Optional<Frame.Refusal> refuseOther(Frame.Hello hello) {
        Map<VolumeId, Long> last = new LinkedHashMap<>();
        Map<VolumeId, Long> through = new LinkedHashMap<>();
        for (Frame.Offer offer : hello.volumes()) {
            if (!isMember(offer.volume())) {
                continue;
            }
            last.put(offer.volume(), offer.last());
            journal.find(offer.volume())
                    .ifPresent(slot -> through.put(offer.volume(), journal.through(slot)));
        }
        History here = history();
        Kinship kinship = Kinship.decide(hello.history(), last, here, through);
        return kinship == Kinship.SAME
                ? Optional.empty()
                : Optional.of(Refusals.of(kinship, hello.history(), last, here, through));
    }

    History history() {
        return new History(journal.lineage(), journal.ancestry().orElse(null));
    }

    /// Whether its source has not connected anew since; whoever owns the sockets closes the others.
    public boolean isCurrent(ReceiverSession session) {
        return sessions.contains(session);
    }

    private void leads(ReceiverSession session) {
        leader = session;
        cutBase = journal.claimCuts(SourceCuts.CLAIMED);
        forgetPending();
    }

    Frame.Grant grant(Frame.GrantRequest request) {
        return new Frame.Grant(request.nonce(), grantor.answer(request.term(), clock.bootNanos()));
    }

    void requireNotPromoted() {
        if (grantor.promoted()) {
            throw new FaultException(
                    new StreamFault.Refused(
                            "This side was promoted.", "Fail back to the old side by a pass."));
        }
    }

    long now() {
        return clock.bootNanos();
    }

    void syncSoon() {
        syncNow = true;
    }

    void appended(int bytes) {
        unsyncedBytes += bytes;
    }

    void cut(ReceiverSession from, Frame.Cut made) {
        Frame.Cut cut = ofMembers(made);
        boolean inOrder =
                cut.number() >= cutBase
                        && cut.number() > lastCut
                        && cut.stampMillis() > lastStampMillis
                        && (pending.isEmpty() || pending.getLast().number() < cut.number());
        if (from != leader || !inOrder) {
            return;
        }
        if (cut.vector().isEmpty() || splitByPass(cut) || !knowsAll(cut) || lacksJoined(cut)) {
            cutsGivenUp++;
            return;
        }
        if (isSecond(cut)) {
            cutsGivenUp++;
            return;
        }
        if (pending.size() >= PENDING_CUTS_MAX) {
            pending.removeFirst();
            cutsGivenUp++;
        }
        Frame.Cut counting = ofJoined(cut);
        counted.addAll(counting.vector().keySet());
        pending.add(counting);
    }

    /// A volume counts from its first complete pass on, and from then on in every cut; in the first cut of a group they all join together.
    private Frame.Cut ofJoined(Frame.Cut cut) {
        Map<VolumeId, Long> joined = new LinkedHashMap<>();
        cut.vector()
                .forEach((volume, vseq) -> {
                    if (counted.contains(volume) || journal.joined(slotOf(volume))) {
                        joined.put(volume, vseq);
                    }
                });
        return joined.isEmpty() || joined.size() == cut.vector().size()
                ? cut
                : new Frame.Cut(cut.number(), cut.stampMillis(), joined, cut.pass(), cut.name());
    }

    private void forgetPending() {
        pending.clear();
        counted.clear();
        List<RecoveryPoint> points = journal.points();
        if (!points.isEmpty()) {
            counted.addAll(points.getLast().vector().keySet());
        }
    }

    /// A cut inside a stretch that never travelled can never be exact.
    void passBegan() {
        pending.removeIf(cut -> {
            boolean split = splitByPass(cut);
            cutsGivenUp += split ? 1 : 0;
            return split;
        });
    }

    /// Whether a pass began after the cut at one of its volumes, and the cut counts on numbers that the pass has declared not to travel. What was
    /// there before the pass is not told apart from that when the cut comes late, and is given up with it.
    private boolean splitByPass(Frame.Cut cut) {
        for (Map.Entry<VolumeId, Long> member : cut.vector().entrySet()) {
            OptionalInt slot = journal.find(member.getKey());
            if (slot.isPresent()
                    && journal.lastPass(slot.getAsInt()) > cut.number()
                    && !(journal.needsPass(slot.getAsInt())
                            && journal.covers(slot.getAsInt(), member.getValue()))) {
                return true;
            }
        }
        return false;
    }

    /// Made by a source that has not heard of another one yet: a point without a volume that points count already is none.
    private boolean lacksJoined(Frame.Cut cut) {
        return journal.volumes().stream()
                .filter(volume -> isMember(volume) && !cut.vector().containsKey(volume))
                .anyMatch(volume -> counted.contains(volume) || journal.joined(slotOf(volume)));
    }

    /// Whoever ordered the first one may not have heard of it, and ordered it again; what it was ordered for has its point.
    private boolean isSecond(Frame.Cut cut) {
        String order = PointTag.parse(cut.name()).order();
        return !order.isEmpty()
                && (journal.hasOrder(order)
                        || pending.stream()
                                .anyMatch(other ->
                                        PointTag.parse(other.name()).order().equals(order)));
    }

    private boolean knowsAll(Frame.Cut cut) {
        return cut.vector().keySet().stream().allMatch(v -> journal.find(v).isPresent());
    }

    /// Appends every cut that is complete now; [#batchEnd] makes it durable before anyone sees it.
    void publishReady() {
        while (!pending.isEmpty()) {
            Frame.Cut cut = pending.getFirst();
            if (cut.vector().entrySet().stream()
                    .anyMatch(e -> journal.splitsReplacement(slotOf(e.getKey()), e.getValue()))) {
                pending.removeFirst();
                cutsGivenUp++;
                continue;
            }
            if (!coversAll(cut)) {
                return;
            }
            pending.removeFirst();
            journal.publish(
                    new RecoveryPoint(
                            cut.number(),
                            cut.stampMillis(),
                            clock.wallMillis(),
                            cut.vector(),
                            cut.pass() != 0,
                            cut.name()));
            lastCut = cut.number();
            lastStampMillis = cut.stampMillis();
            syncNow = true;
        }
    }

    private boolean coversAll(Frame.Cut cut) {
        for (Map.Entry<VolumeId, Long> member : cut.vector().entrySet()) {
            if (!journal.covers(slotOf(member.getKey()), member.getValue())) {
                return false;
            }
        }
        return true;
    }

    private int slotOf(VolumeId volume) {
        return journal.find(volume).orElseThrow();
    }

    /// Syncs when it is due, looks after who makes the cuts, and says how far this side is.
    public List<Outgoing> batchEnd() {
        long now = clock.bootNanos();
        boolean due =
                syncNow
                        || unsyncedBytes >= UNSYNCED_BYTES_MAX
                        || (journal.durable() < journal.appended()
                                && now - syncedAtNanos >= SYNC_NANOS);
        if (due) {
            journal.sync();
            syncNow = false;
            unsyncedBytes = 0;
            syncedAtNanos = now;
        }
        var out = new ArrayList<Outgoing>();
        elect(now);
        boolean allDurable = journal.durable() == journal.appended();
        List<RecoveryPoint> points = journal.points();
        long published = points.isEmpty() ? 0 : points.getLast().number();
        long stampMillis = points.isEmpty() ? 0 : points.getLast().stampMillis();
        for (ReceiverSession session : sessions) {
            if (allDurable) {
                session.allDurable();
                session.compared().forEach(found -> out.add(new Outgoing(session, found)));
            }
            out.add(
                    new Outgoing(
                            session,
                            session.ack(published, stampMillis, leader == session ? cutBase : 0)));
        }
        if (now - wantedAtNanos >= WANTED_NANOS) {
            wantedAtNanos = now;
            for (WantedRange range : journal.wanted(WANTED_MAX)) {
                for (ReceiverSession session : sessions) {
                    session.wanting(range).ifPresent(f -> out.add(new Outgoing(session, f)));
                }
            }
        }
        return out;
    }

    /// Gives the right to make cuts to another source when the one that has it is gone or silent.
    private void elect(long now) {
        ReceiverSession before = leader;
        if (before != null && now - before.heardNanos() < LEAD_NANOS) {
            return;
        }
        for (ReceiverSession session : sessions) {
            if (session != before && now - session.heardNanos() < LEAD_NANOS) {
                leads(session);
                return;
            }
        }
    }

    /// A source says how far it is.
    void heard(VolumeId volume, long last) {
        heard.merge(volume, last, Math::max);
    }

    /// What would be lost to whoever goes on from a point.
    ///
    /// @throws FaultException with [io.redoubt.storage.journal.JournalFault.NoSuchPoint]
    public Loss lossBehind(long point) {
        WritesBehind arrived = journal.writesBehind(point);
        var volumes = new HashMap<VolumeId, Loss.OfVolume>();
        arrived.volumes()
                .forEach((volume, count) -> {
                    long through = journal.through(slotOf(volume));
                    volumes.put(
                            volume,
                            new Loss.OfVolume(count, through, heard.getOrDefault(volume, through)));
                });
        return new Loss(volumes, arrived.isComplete());
    }

    /// Cuts that could not become points.
    public long cutsGivenUp() {
        return cutsGivenUp;
    }

    public Journal journal() {
        return journal;
    }
}
