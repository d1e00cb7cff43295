// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.grant.Grantor;
import io.redoubt.core.port.Clock;
import io.redoubt.storage.journal.Checksum;
import io.redoubt.storage.journal.Journal;
import io.redoubt.storage.journal.RecoveryPoint;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;

/// The receiving side of a group: takes frames, appends them to the journal, publishes cuts when everything below them is there.
///
/// Duplicates are dropped by number, gaps are refused; a refusal ends the connection and the source resumes from what is durable. A cut
/// waits until every member covers it (rule 19), in the order of the numbers.
///
/// A core: one caller at a time, no threads. After a batch of frames the caller calls [#batchEnd]; what it returns is sent.
public final class GroupReceiver {
    private static final long SYNC_NANOS = 1_000_000_000L;
    private static final long UNSYNCED_BYTES_MAX = 8 << 20;
    private static final int PENDING_CUTS_MAX = 1024;
    private static final int CUTS_CLAIMED = 1 << 16;

    private final Journal journal;
    private final Grantor grantor;
    private final Clock clock;
    private final Deque<Frame.Cut> pending = new ArrayDeque<>();
    private List<Integer> slots = List.of();
    private List<Frame.Offer> offers = List.of();
    private long pass;
    private long passReceived;
    private long passDurable;
    private long lastCut;
    private long lastStampMillis;
    private List<Long> durable = List.of();
    private long unsyncedBytes;
    private long syncedAtNanos;
    private boolean syncNow;
    private long cutsGivenUp;

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

    /// Takes one frame.
    ///
    /// @return what to answer at once
    /// @throws FaultException with a [StreamFault] when the connection must end, with a
    ///     [io.redoubt.core.port.DiskFault] when the journal finds no room
    public List<Frame> received(Frame frame) {
        return switch (frame) {
            case Frame.Hello hello -> hello(hello);
            case Frame.GrantRequest request ->
                    List.of(
                            new Frame.Grant(
                                    request.nonce(),
                                    grantor.answer(request.term(), clock.bootNanos())));
            case Frame.Heartbeat _ -> List.of();
            case Frame.Write _,
                    Frame.Zero _,
                    Frame.Voided _,
                    Frame.PassBegin _,
                    Frame.PassBlocks _ -> {
                ingest(frame);
                yield List.of();
            }
            case Frame.PassEnd _, Frame.Cut _ -> {
                ingest(frame);
                yield List.of();
            }
            case Frame.Welcome _, Frame.Refusal _, Frame.Ack _, Frame.Grant _ ->
                    throw new FaultException(
                            new StreamFault.Garbled("a frame that only a receiver sends"));
        };
    }

    private void ingest(Frame frame) {
        if (grantor.promoted()) {
            throw new FaultException(
                    new StreamFault.Refused(
                            "This side was promoted.", "Fail back to the old side by a pass."));
        }
        if (slots.isEmpty()) {
            throw new FaultException(new StreamFault.Garbled("data before a hello"));
        }
        switch (frame) {
            case Frame.Write write -> write(write);
            case Frame.Zero zero -> zero(zero);
            case Frame.Voided voided -> {
                if (follows(voided.slot(), voided.first(), voided.last())) {
                    journal.voided(
                            slot(voided.slot()),
                            voided.first(),
                            voided.last(),
                            voided.replacement());
                }
            }
            case Frame.PassBegin begin -> passBegin(begin);
            case Frame.PassBlocks blocks -> passBlocks(blocks);
            case Frame.PassEnd end -> {
                if (followsInPass(end.pass(), end.n())) {
                    journal.passEnd(end.pass());
                    syncNow = true;
                }
            }
            case Frame.Cut cut -> cut(cut);
            default -> throw new IllegalStateException("not data: " + frame);
        }
        publishReady();
    }

    private List<Frame> hello(Frame.Hello hello) {
        if (grantor.promoted()) {
            return List.of(
                    new Frame.Refusal(
                            "This side was promoted.",
                            "Fail back to the old side by a pass.",
                            grantor.term()));
        }
        if (!hello.lineage().equals(journal.lineage())) {
            return List.of(
                    new Frame.Refusal(
                            "The journal holds lineage %s, the source has %s."
                                    .formatted(journal.lineage(), hello.lineage()),
                            "Choose which history to keep; nothing is overwritten by itself.",
                            0));
        }
        pending.clear();
        pass = 0;
        passReceived = 0;
        passDurable = 0;
        offers = hello.volumes();
        var mapped = new ArrayList<Integer>();
        var resumes = new ArrayList<Frame.Resume>();
        for (Frame.Offer offer : offers) {
            int slot = journal.join(offer.volume(), offer.size());
            mapped.add(slot);
            resumes.add(
                    new Frame.Resume(
                            HelloAnswer.decide(
                                    journal.through(slot),
                                    offer.freed(),
                                    offer.last(),
                                    journal.needsFullPass(slot),
                                    journal.needsPass(slot)),
                            journal.through(slot)));
        }
        slots = List.copyOf(mapped);
        durable = slots.stream().map(_ -> 0L).toList();
        return List.of(new Frame.Welcome(journal.claimCuts(CUTS_CLAIMED), resumes));
    }

    private void write(Frame.Write write) {
        if (!follows(write.slot(), write.first(), write.last())) {
            return;
        }
        inRange(write.slot(), write.offset(), write.data().remaining());
        intact(write.data(), write.crc());
        journal.write(
                slot(write.slot()), write.first(), write.last(), write.offset(), write.data());
        unsyncedBytes += write.data().remaining();
    }

    private void zero(Frame.Zero zero) {
        if (follows(zero.slot(), zero.first(), zero.last())) {
            inRange(zero.slot(), zero.offset(), zero.length());
            journal.zero(
                    slot(zero.slot()), zero.first(), zero.last(), zero.offset(), zero.length());
        }
    }

    private void passBegin(Frame.PassBegin begin) {
        if (pass == begin.pass()) {
            return;
        }
        for (Frame.PassMember member : begin.members()) {
            int slot = slot(member.slot());
            if (member.skipFirst() > journal.through(slot)) {
                throw new FaultException(
                        new StreamFault.Gap(
                                member.slot(), journal.through(slot), member.skipFirst()));
            }
            journal.passBegin(slot, member.skipFirst(), member.vseq(), begin.pass(), member.full());
        }
        pass = begin.pass();
        passReceived = 0;
        passDurable = 0;
        // A cut inside a stretch that never travelled can never be exact.
        pending.removeIf(cut -> cut.number() < begin.pass() && givenUp(!coversAll(cut)));
    }

    private void passBlocks(Frame.PassBlocks blocks) {
        if (!followsInPass(blocks.pass(), blocks.n())) {
            return;
        }
        int slot = slot(blocks.slot());
        inRange(blocks.slot(), blocks.offset(), blocks.length());
        long vseq = journal.passVseq(slot);
        notOvertaken(slot, vseq, blocks);
        if (blocks.data().hasRemaining()) {
            intact(blocks.data(), blocks.crc());
            journal.passWrite(slot, vseq, blocks.offset(), blocks.data());
        } else {
            journal.passZero(
                    slot, vseq, blocks.offset(), Math.ceilDiv(blocks.length(), 4096) * 4096L);
        }
        unsyncedBytes += blocks.data().remaining();
    }

    /// A write after the pass's start travels behind the block that it overtook. Where it came first, a part of the block may have been
    /// filled from what was there before the pass: the pass starts anew, above that number.
    private void notOvertaken(int slot, long vseq, Frame.PassBlocks blocks) {
        for (long at = blocks.offset(); at < blocks.offset() + blocks.length(); at += 4096) {
            long newest = journal.newestVersion(slot, at);
            if (newest > vseq) {
                throw new FaultException(
                        new StreamFault.Garbled(
                                "write %d came before the block of the pass that it overtook"
                                        .formatted(newest)));
            }
        }
    }

    private void cut(Frame.Cut cut) {
        if (cut.number() <= lastCut || cut.stampMillis() <= lastStampMillis) {
            return;
        }
        if (!pending.isEmpty() && pending.getLast().number() >= cut.number()) {
            return;
        }
        if (cut.number() < pass && givenUp(!coversAll(cut))) {
            return; // it counts on numbers that the pass has declared not to travel
        }
        if (pending.size() >= PENDING_CUTS_MAX) {
            pending.removeFirst();
            cutsGivenUp++;
        }
        pending.add(cut);
    }

    /// Appends every cut that is complete now; [#batchEnd] makes it durable before anyone sees it.
    private void publishReady() {
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

    private boolean givenUp(boolean yes) {
        cutsGivenUp += yes ? 1 : 0;
        return yes;
    }

    /// Syncs when it is due, and says how far this side is.
    ///
    /// @return an ack, when there is a source to hear it
    public List<Frame> batchEnd() {
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
        if (journal.durable() == journal.appended()) {
            durable = received();
            passDurable = passReceived;
        }
        if (slots.isEmpty()) {
            return List.of();
        }
        List<RecoveryPoint> points = journal.points();
        long published = points.isEmpty() ? 0 : points.getLast().number();
        return List.of(new Frame.Ack(received(), durable, pass, passDurable, published));
    }

    /// The connection is gone; what it had not finished is forgotten.
    public void disconnected() {
        slots = List.of();
        pending.clear();
    }

    private List<Long> received() {
        return slots.stream().map(journal::through).toList();
    }

    /// @return false for a duplicate
    private boolean follows(int index, long first, long last) {
        long through = journal.through(slot(index));
        if (last <= through) {
            return false;
        }
        if (first != through) {
            throw new FaultException(new StreamFault.Gap(index, through, first));
        }
        return true;
    }

    private boolean followsInPass(long number, long n) {
        if (number != pass || n > passReceived + 1) {
            throw new FaultException(
                    new StreamFault.Garbled(
                            "pass %d frame %d, expected %d frame %d"
                                    .formatted(number, n, pass, passReceived + 1)));
        }
        if (n <= passReceived) {
            return false;
        }
        passReceived = n;
        return true;
    }

    private int slot(int index) {
        if (index < 0 || index >= slots.size()) {
            throw new FaultException(new StreamFault.Garbled("no volume has index " + index));
        }
        return slots.get(index);
    }

    private int slotOf(VolumeId volume) {
        for (int i = 0; i < offers.size(); i++) {
            if (offers.get(i).volume().equals(volume)) {
                return slots.get(i);
            }
        }
        throw new FaultException(
                new StreamFault.Garbled(
                        "a cut names volume " + volume + ", which was not offered"));
    }

    private void inRange(int index, long offset, long length) {
        long size = offers.get(index).size();
        if (offset < 0 || length <= 0 || length > size - offset) {
            throw new FaultException(
                    new StreamFault.Garbled(
                            "%d bytes at %d of a volume of %d".formatted(length, offset, size)));
        }
    }

    private static void intact(ByteBuffer data, int crc) {
        if (Checksum.of(data) != crc) {
            throw new FaultException(new StreamFault.Garbled("data with a wrong checksum"));
        }
    }

    /// Cuts that could not become points.
    public long cutsGivenUp() {
        return cutsGivenUp;
    }

    public Journal journal() {
        return journal;
    }
}
