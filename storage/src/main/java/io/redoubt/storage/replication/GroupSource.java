// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.grant.GrantHolder;
import io.redoubt.core.grant.GrantorKind;
import io.redoubt.core.port.Clock;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The source side of a group: what travels and in which order, passes, cuts.
///
/// Order on the wire: a pass's begin before its blocks and before any write after it; a frozen block before the write that overtook it;
/// the records of a volume in the order of their numbers. Cuts may come any time, the receiver waits for what they need.
///
/// A core: one caller at a time, no threads. The write path does not come here.
public final class GroupSource {
    private static final int PASS_FRAME_BLOCKS = 16;
    private static final int UNPUBLISHED_MAX = 1024;

    private static final long ABANDONED_NANOS = 2 * Numbering.CLOSED_NANOS_MAX;
    private static final long NO_CONNECTION = -1;

    /// Numbers that one claim gives to the source that makes the cuts.
    static final int CUTS_CLAIMED = 1 << 16;

    private final UUID lineage;
    private final long process;
    private final List<SourceVolume> volumes;
    private final Clock clock;
    private final GrantHolder holder;
    private final long[] cursors;
    private final boolean[] fresh;
    private final boolean[] full;
    private final boolean[] joining;
    private final String name;
    private final Set<String> peers;
    private final Deque<UnpublishedCut> unpublished = new ArrayDeque<>();
    private @Nullable RunningPass pass;
    private @Nullable CutAttempt open;
    private long openSinceNanos;
    private long lastPeerCut;
    private boolean welcomed;
    private long connection;
    private long nextCut;
    private long cutsEnd;
    private long lastStampMillis;
    private long publishedNumber;
    private long publishedStampMillis;
    private long cutsGivenUp;

    private static final class UnpublishedCut {
        final Frame.Cut frame;
        boolean sent;

        UnpublishedCut(Frame.Cut frame) {
            this.frame = frame;
        }
    }

    /// The only source of its group.
    ///
    /// @param process differs for every start of the source
    public GroupSource(
            UUID lineage,
            long process,
            List<SourceVolume> volumes,
            Clock clock,
            GrantHolder holder) {
        this(lineage, "", Set.of(), process, volumes, clock, holder);
    }

    /// @param name  of this source among the sources of the group
    /// @param peers the names of the others
    public GroupSource(
            UUID lineage,
            String name,
            Set<String> peers,
            long process,
            List<SourceVolume> volumes,
            Clock clock,
            GrantHolder holder) {
        this.lineage = lineage;
        this.name = name;
        this.peers = Set.copyOf(peers);
        this.joining = new boolean[volumes.size()];
        this.process = process;
        this.volumes = List.copyOf(volumes);
        this.clock = clock;
        this.holder = holder;
        this.cursors = new long[volumes.size()];
        this.fresh = new boolean[volumes.size()];
        this.full = new boolean[volumes.size()];
    }

    /// A connection stands: what to say first.
    public Frame.Hello hello() {
        return new Frame.Hello(
                lineage,
                name,
                process,
                holder.term(),
                volumes.stream()
                        .map(v ->
                                new Frame.Offer(v.id(), v.size(), v.state().freed(), v.lastVseq()))
                        .toList());
    }

    /// Takes one frame of the receiver.
    ///
    /// @throws FaultException with a [StreamFault] when the connection must end
    public void received(Frame frame) {
        switch (frame) {
            case Frame.Welcome welcome -> {
                if (!welcomed) { // the same again changes nothing, least of all a pass that runs
                    welcome(welcome);
                }
            }
            case Frame.Ack ack -> ack(ack);
            case Frame.Grant grant ->
                    holder.answered(GrantorKind.RECEIVER, grant.nonce(), grant.answer());
            case Frame.Refusal refusal -> {
                if (refusal.promotedTerm() > 0) {
                    // Writes that wait for a grant get their answer now, not when the control plane
                    // is heard.
                    boolean _ = holder.fence(refusal.promotedTerm());
                }
                throw new FaultException(new StreamFault.Refused(refusal.what(), refusal.remedy()));
            }
            case Frame.Lead lead -> lead(lead.cutBase(), lead.stampMillis());
            case Frame.Heartbeat _ -> {}
            case Frame.Hello _, Frame.Write _, Frame.Zero _, Frame.Voided _, Frame.PassBegin _ ->
                    garbled();
            case Frame.PassBlocks _, Frame.PassEnd _, Frame.Cut _, Frame.GrantRequest _ ->
                    garbled();
            case Frame.PeerHello _, Frame.Switch _, Frame.Switched _ -> garbled();
            case Frame.Release _, Frame.Released _ -> garbled();
        }
    }

    private static void garbled() {
        throw new FaultException(new StreamFault.Garbled("a frame that only a source sends"));
    }

    private void welcome(Frame.Welcome welcome) {
        if (welcome.volumes().size() != volumes.size()) {
            throw new FaultException(new StreamFault.Garbled("a welcome for other volumes"));
        }
        for (int i = 0; i < volumes.size(); i++) {
            Frame.Resume resume = welcome.volumes().get(i);
            SourceVolume volume = volumes.get(i);
            full[i] = false;
            fresh[i] = false;
            joining[i] = !resume.joined();
            switch (resume.answer()) {
                case RESUME -> {}
                case PASS -> {
                    giveUp(cut -> isBeyond(cut, volume, resume.through()));
                    volume.needPass("the replica lacks writes that the spool no longer has", false);
                }
                case FULL -> {
                    giveUp(cut -> isBeyond(cut, volume, resume.through()));
                    volume.needPass("the replica holds nothing of the volume yet", true);
                    full[i] = true;
                    fresh[i] = resume.through() == 0;
                }
                case REFUSE ->
                        throw new FaultException(
                                new StreamFault.Refused(
                                        "The replica of volume %s knows write %d, the source ended at %d."
                                                .formatted(
                                                        volume.id(),
                                                        resume.through(),
                                                        volume.lastVseq()),
                                        "The histories differ: choose which one to keep."));
            }
            cursors[i] = resume.through();
        }
        if (welcome.cutBase() > 0 || cutsEnd == 0) {
            lead(welcome.cutBase(), welcome.stampMillis());
        } // else the right to make the cuts came meanwhile, and overtook it
        unpublished.forEach(c -> c.sent = false);
        welcomed = true;
    }

    private void lead(long cutBase, long stampMillis) {
        lastStampMillis = Math.max(lastStampMillis, stampMillis);
        nextCut = Math.max(nextCut, cutBase);
        cutsEnd = cutBase == 0 ? 0 : cutBase + CUTS_CLAIMED;
        if (cutBase == 0) {
            giveUp(_ -> true); // another source makes the cuts now, under higher numbers
        }
    }

    /// The writes below this cut will not travel one by one any more.
    private static boolean isBeyond(Frame.Cut cut, SourceVolume volume, long through) {
        return cut.vector().getOrDefault(volume.id(), 0L) > through;
    }

    private void ack(Frame.Ack ack) {
        if (!welcomed || ack.durable().size() != volumes.size()) {
            return;
        }
        for (int i = 0; i < volumes.size(); i++) {
            SourceVolume volume = volumes.get(i);
            long durable = ack.durable().get(i);
            if (durable > volume.state().freed() && durable <= volume.lastVseq()) {
                volume.state().freed(durable);
                volume.spool().freeUpTo(durable);
            }
        }
        RunningPass running = pass;
        if (running != null
                && ack.pass() == running.number()
                && running.durable(ack.passDurable())) {
            running.members().forEach(v -> joining[volumes.indexOf(v)] = false);
            pass = null;
        }
        while (!unpublished.isEmpty() && unpublished.getFirst().frame.number() <= ack.published()) {
            unpublished.removeFirst();
        }
        publishedNumber = ack.published();
        publishedStampMillis = ack.publishedStampMillis();
    }

    /// The connection is gone. A running pass is given up; what it had made durable need not travel again.
    public void disconnected(String why) {
        connection++;
        welcomed = false;
        cutsEnd = 0;
        if (pass != null) {
            abortPass(why);
        }
    }

    private void abortPass(String why) {
        RunningPass running = pass;
        if (running != null) {
            running.members().forEach(v -> v.passAborted(why));
            // Also the cuts that were made since it began: what they count on was in the spool and
            // goes by another pass, under a higher number.
            giveUp(cut -> cut.number() >= running.number());
            pass = null;
        }
    }

    private void giveUp(Predicate<Frame.Cut> lost) {
        int before = unpublished.size();
        unpublished.removeIf(c -> lost.test(c.frame));
        cutsGivenUp += before - unpublished.size();
    }

    /// Gives frames to the sink until about this many bytes are out or nothing is left.
    ///
    /// @return whether there was anything
    public boolean pump(Consumer<Frame> sink, int bytesMax) {
        if (open != null && clock.bootNanos() - openSinceNanos > ABANDONED_NANOS) {
            abandonOpen();
        }
        if (!welcomed) {
            return false;
        }
        var out = new Budget(sink, bytesMax);
        RunningPass running = pass;
        if (running != null && !running.begun()) {
            running.begin(out);
            for (SourceVolume member : running.members()) {
                int i = volumes.indexOf(member);
                cursors[i] = running.vseqOf(member);
                full[i] = false;
                fresh[i] = false; // from now on the replica holds something
            }
        }
        for (UnpublishedCut cut : unpublished) {
            if (!cut.sent) {
                out.accept(cut.frame);
                cut.sent = true;
            }
        }
        for (int i = 0; i < volumes.size(); i++) {
            sendRecords(i, out);
        }
        if (running != null) {
            if (running.spoiled()) {
                abortPass("a pass could not keep what was there at its start");
            } else {
                running.sendBlocks(out, PASS_FRAME_BLOCKS);
            }
        }
        return out.used();
    }

    private void sendRecords(int index, Budget out) {
        SourceVolume volume = volumes.get(index);
        RunningPass running = pass;
        while (out.hasRoom()) {
            Spool.Found found = volume.spool().after(cursors[index]);
            if (found == null || !found.complete()) {
                return;
            }
            // After the look at the record: whatever it overtook is in the queue by now, and goes
            // first.
            if (running != null) {
                running.sendOvertaken(volume, out);
            }
            SpoolRecord record = found.record();
            out.accept(
                    switch (record.kind()) {
                        case WRITE ->
                                new Frame.Write(
                                        index,
                                        record.previous(),
                                        record.vseq(),
                                        record.offset(),
                                        volume.spool().data(record),
                                        record.dataCrc());
                        case ZERO ->
                                new Frame.Zero(
                                        index,
                                        record.previous(),
                                        record.vseq(),
                                        record.offset(),
                                        record.length());
                        case VOID ->
                                new Frame.Voided(
                                        index, record.previous(), record.vseq(), record.offset());
                    });
            cursors[index] = record.vseq();
        }
    }

    /// The first step of a group cut by the source that makes the cuts: a recovery point, or, when volumes are in TRACK and the link stands, the
    /// start of a pass. Then SWITCH to the peers and the own volumes, RELEASE to the peers and [#releaseOwn], and [#finishCut].
    ///
    /// @param name of a user's point, empty for a periodic one
    /// @return null when no cut can become a point now
    public @Nullable GroupCut beginCut(String name) {
        if (!welcomed || nextCut >= cutsEnd) {
            return null;
        }
        CutAttempt own = join(nextCut);
        if (own == null) {
            return null;
        }
        nextCut++;
        lastStampMillis = Math.max(lastStampMillis + 1, clock.wallMillis());
        return new GroupCut(own, lastStampMillis, name, peers);
    }

    /// This source's part of a cut, its own or another source's.
    ///
    /// @return null when its volumes cannot take part now
    public @Nullable CutAttempt join(long number) {
        abandonOpen();
        Set<SourceVolume> starting = new HashSet<>();
        Set<SourceVolume> whole = new HashSet<>();
        for (int i = 0; i < volumes.size(); i++) {
            SourceVolume volume = volumes.get(i);
            Mode mode = volume.mode();
            if (mode == Mode.TRACK && welcomed && pass == null && backlogDrained(volume)) {
                starting.add(volume);
                if (full[i]) {
                    whole.add(volume);
                }
            } else if (!mode.spools && !joining[i]) {
                return null; // its writes are known to the dirty map only: no point could hold them
            }
        }
        open = new CutAttempt(connection, number, volumes, starting, whole);
        openSinceNanos = clock.bootNanos();
        return open;
    }

    /// Nobody released a cut in time: its volumes have opened by themselves, and passes that began at it are given up.
    private void abandonOpen() {
        CutAttempt lost = open;
        if (lost != null) {
            open = null;
            boolean _ = lost.release(NO_CONNECTION);
        }
    }

    private static boolean backlogDrained(SourceVolume volume) {
        long gapFrom = volume.state().gapFrom();
        return gapFrom == 0 || volume.state().freed() >= gapFrom;
    }

    /// RELEASE of this source's part of another source's cut.
    ///
    /// @return whether it counts here
    public boolean release(CutAttempt attempt) {
        if (open != attempt) {
            return false; // abandoned meanwhile
        }
        open = null;
        boolean confirmed = attempt.release(connection);
        if (confirmed && attempt.startsPass()) {
            // The pass stands on its own: when another source gives the cut up, the next one counts
            // it.
            pass = new RunningPass(attempt.number(), volumes, fresh);
        }
        return confirmed;
    }

    /// RELEASE of the own part; every peer has answered.
    public void releaseOwn(GroupCut cut) {
        cut.ownReleased(release(cut.own()));
    }

    /// @return the cut's number when it counts, else -1
    public long finishCut(GroupCut cut) {
        if (!cut.counts() || !leading()) {
            cutsGivenUp++;
            return -1;
        }
        unpublished.add(new UnpublishedCut(cut.frame()));
        if (unpublished.size() > UNPUBLISHED_MAX) {
            unpublished.removeFirst();
            cutsGivenUp++;
        }
        return cut.number();
    }

    /// What this source says first to another one.
    Frame.PeerHello peerHello() {
        return new Frame.PeerHello(lineage, name);
    }

    /// Answers the source that makes the cuts. A number is accepted once.
    ///
    /// @throws FaultException with [StreamFault.Garbled] for a frame that is none of its
    public Frame answerPeer(Frame frame) {
        return switch (frame) {
            case Frame.Switch asked -> {
                CutAttempt attempt = asked.number() > lastPeerCut ? join(asked.number()) : null;
                lastPeerCut = Math.max(lastPeerCut, asked.number());
                if (attempt == null) {
                    yield new Frame.Switched(asked.number(), false, List.of());
                }
                attempt.switchAll();
                yield attempt.answer();
            }
            case Frame.Release asked -> {
                CutAttempt attempt = open;
                boolean confirmed =
                        attempt != null && attempt.number() == asked.number() && release(attempt);
                yield new Frame.Released(asked.number(), confirmed);
            }
            default ->
                    throw new FaultException(
                            new StreamFault.Garbled("a frame that no source sends another one"));
        };
    }

    /// Whether this source makes the group's cuts.
    public boolean leading() {
        return welcomed && cutsEnd > 0;
    }

    /// Opens a request for the receiver's grant.
    public Frame.GrantRequest requestGrant(long nonce) {
        holder.requested(GrantorKind.RECEIVER, nonce, clock.bootNanos());
        return new Frame.GrantRequest(nonce, holder.term());
    }

    public boolean connected() {
        return welcomed;
    }

    public List<SourceVolume> volumes() {
        return volumes;
    }

    /// The newest point that the receiver has published, 0 for none since the start.
    public long publishedNumber() {
        return publishedNumber;
    }

    public long publishedStampMillis() {
        return publishedStampMillis;
    }

    public long cutsGivenUp() {
        return cutsGivenUp;
    }
}
