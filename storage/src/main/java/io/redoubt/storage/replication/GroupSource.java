// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.grant.GrantHolder;
import io.redoubt.core.grant.GrantorKind;
import io.redoubt.core.port.Clock;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The source side of a group: what travels and in which order, and passes; [SourceCuts] is its part of the cuts.
///
/// Order on the wire: a pass's begin before its blocks and before any write after it; a frozen block before the write that overtook it;
/// the records of a volume in the order of their numbers. Cuts may come any time, the receiver waits for what they need.
///
/// A core: one caller at a time, no threads. The write path does not come here.
public final class GroupSource {
    private static final int PASS_FRAME_BLOCKS = 16;

    /// A running pass has at least this part of the link (rule 15).
    private static final int PASS_SHARE = 10;

    private final History history;
    private final long process;
    private final List<SourceVolume> volumes;
    private final Clock clock;
    private final GrantHolder holder;
    private final long[] cursors;
    private final List<Folding> folding;
    private final boolean[] fresh;
    private final boolean[] full;
    private final boolean[] joining;
    private final String name;
    private final SourceCuts cuts;
    private @Nullable RunningPass pass;
    private final Reshipments reshipments;
    private @Nullable Verification verification;
    private boolean welcomed;
    private long connection;
    private long publishedNumber;
    private long publishedStampMillis;

    /// The only source of its group.
    ///
    /// @param process differs for every start of the source
    public GroupSource(
            UUID lineage,
            long process,
            List<SourceVolume> volumes,
            Clock clock,
            GrantHolder holder) {
        this(History.first(lineage), "", Set.of(), process, volumes, clock, holder);
    }

    /// @param name  of this source among the sources of the group
    /// @param peers the names of the others
    public GroupSource(
            History history,
            String name,
            Set<String> peers,
            long process,
            List<SourceVolume> volumes,
            Clock clock,
            GrantHolder holder) {
        this.history = history;
        this.name = name;
        this.joining = new boolean[volumes.size()];
        this.process = process;
        this.volumes = List.copyOf(volumes);
        this.clock = clock;
        this.holder = holder;
        this.cursors = new long[volumes.size()];
        this.folding = volumes.stream().map(SourceVolume::folding).toList();
        this.fresh = new boolean[volumes.size()];
        this.full = new boolean[volumes.size()];
        this.reshipments = new Reshipments(this.volumes);
        this.cuts = new SourceCuts(this, history.lineage(), name, peers, clock);
    }

    /// A connection stands: what to say first.
    public Frame.Hello hello() {
        return new Frame.Hello(
                history,
                name,
                process,
                holder.term(),
                volumes.stream()
                        .map(v ->
                                new Frame.Offer(
                                        v.id(),
                                        v.size(),
                                        v.state().freed(),
                                        v.lastVseq(),
                                        v.differences().areKnown()))
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
            case Frame.Compared found -> compared(found);
            case Frame.Wanted wanted -> {
                requireIndex(wanted.slot());
                if (wanted.offset() < 0 || wanted.length() <= 0) {
                    throw new FaultException(new StreamFault.Garbled("no range: " + wanted));
                }
                reshipments.add(wanted.slot(), wanted.offset(), wanted.length());
            }
            case Frame.Hello _, Frame.Write _, Frame.Zero _, Frame.Voided _, Frame.PassBegin _ ->
                    garbled();
            case Frame.PassBlocks _, Frame.PassEnd _, Frame.Cut _, Frame.GrantRequest _ ->
                    garbled();
            case Frame.Compare _, Frame.Heartbeat _ -> garbled();
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
                    cuts.giveUp(cut -> isBeyond(cut, volume, resume.through()));
                    volume.passes()
                            .need("the replica lacks writes that the spool no longer has", false);
                }
                case FULL, HASH -> {
                    cuts.giveUp(cut -> isBeyond(cut, volume, resume.through()));
                    fresh[i] = resume.answer() == HelloAnswer.FULL;
                    volume.passes()
                            .need(
                                    fresh[i]
                                            ? "the replica holds nothing of the volume yet"
                                            : "nobody knows what differs, so everything is compared",
                                    true);
                    full[i] = true;
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
            folding.get(i).restart();
        }
        cuts.welcomed();
        welcomed = true;
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
        cuts.lead(ack.cutBase(), ack.publishedStampMillis());
        cuts.published(ack.published());
        publishedNumber = ack.published();
        publishedStampMillis = ack.publishedStampMillis();
    }

    private void requireIndex(int slot) {
        if (slot < 0 || slot >= volumes.size()) {
            throw new FaultException(new StreamFault.Garbled("no volume has index " + slot));
        }
    }

    private void compared(Frame.Compared found) {
        RunningPass running = pass;
        requireIndex(found.slot());
        Verification verifying = verification;
        if (found.pass() == 0 && verifying != null) {
            verifying.answered(found);
        } else if (running != null && found.pass() == running.number()) {
            running.compared(found);
        }
    }

    /// The connection is gone. A running pass is given up; what it had made durable need not travel again.
    public void disconnected(String why) {
        connection++;
        welcomed = false;
        cuts.disconnected();
        if (verification != null) {
            verification.disconnected();
        }
        if (pass != null) {
            abortPass(why);
        }
    }

    private void abortPass(String why) {
        RunningPass running = pass;
        if (running != null) {
            running.members().forEach(v -> v.passes().abort(why));
            // Also the cuts that were made since it began: what they count on was in the spool and
            // goes by another pass, under a higher number.
            cuts.giveUp(cut -> cut.number() >= running.number());
            pass = null;
        }
    }

    /// Gives frames to the sink until about this many bytes are out or nothing is left.
    ///
    /// @return whether there was anything
    public boolean pump(Consumer<Frame> sink, int bytesMax) {
        cuts.abandonOverdue();
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
        cuts.send(out);
        for (int i = 0; i < volumes.size(); i++) {
            sendRecords(i, out, running == null ? 0 : bytesMax / PASS_SHARE);
        }
        if (running != null) {
            if (running.spoiled()) {
                abortPass("a pass could not keep what was there at its start");
            } else {
                running.sendBlocks(out, PASS_FRAME_BLOCKS);
                if (running.exhausted()) {
                    abortPass(
                            "more was overwritten during a pass than there was room for: another one follows");
                }
            }
        }
        reshipments.pump();
        if (verification != null) {
            verification.pump(cursors, out);
        }
        return out.used();
    }

    /// @param kept of the budget, for the pass
    private void sendRecords(int index, Budget out, int kept) {
        SourceVolume volume = volumes.get(index);
        RunningPass running = pass;
        while (out.hasRoomBeside(kept)) {
            Spool.Found found = volume.spool().after(cursors[index]);
            if (found == null || !found.complete()) {
                return;
            }
            // After the look at the record: whatever it overtook is in the queue by now, and goes
            // first.
            if (running != null) {
                running.sendOvertaken(volume, out);
            }
            Folding.Run folded =
                    folding.get(index).after(cursors[index], volume.lastVseq(), volume.spool());
            if (folded != null) {
                out.accept(
                        new Frame.Voided(
                                index, cursors[index], folded.last(), folded.replacement()));
                cursors[index] = folded.last();
                continue;
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

    /// Opens a request for the receiver's grant.
    public Frame.GrantRequest requestGrant(long nonce) {
        holder.requested(GrantorKind.RECEIVER, nonce, clock.bootNanos());
        return new Frame.GrantRequest(nonce, holder.term());
    }

    /// What the receiver would know of the last writes if this side died now.
    public Frame.Heartbeat heartbeat() {
        return new Frame.Heartbeat(volumes.stream().map(SourceVolume::lastVseq).toList());
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

    /// Begins to compare all volumes with the replica, in place of a comparison that runs.
    ///
    /// @param repair ship what differs once more
    public Verification verify(boolean repair) {
        verification = new Verification(volumes, repair, reshipments);
        return verification;
    }

    public SourceCuts cuts() {
        return cuts;
    }

    // --- what its part of a cut asks, see SourceCuts

    long connection() {
        return connection;
    }

    /// Whether its next cut may begin a pass of the volume.
    boolean mayBeginPass(SourceVolume volume) {
        long gapFrom = volume.state().gapFrom();
        boolean drained = gapFrom == 0 || volume.state().freed() >= gapFrom;
        return volume.mode() == Mode.TRACK && welcomed && pass == null && drained;
    }

    boolean needsFullPass(SourceVolume volume) {
        return full[volumes.indexOf(volume)];
    }

    /// No point counts it yet.
    boolean isJoining(SourceVolume volume) {
        return joining[volumes.indexOf(volume)];
    }

    /// A cut of this number counts here.
    void answered(CutAttempt attempt) {
        List<Frame.Answer> answers = attempt.answer().answers();
        for (int i = 0; i < answers.size(); i++) {
            folding.get(i).answered(answers.get(i).vseq());
        }
        if (attempt.startsPass()) {
            // The pass stands on its own: when another source gives the cut up, the next one counts
            // it.
            pass = new RunningPass(attempt.number(), volumes, fresh);
        }
    }
}
