// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.journal.Checksum;
import io.redoubt.storage.journal.Journal;
import io.redoubt.storage.journal.WantedRange;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/// One source's connection to a [GroupReceiver]: what it offered, and how far its numbers and its pass have come.
///
/// Duplicates are dropped by number, gaps are refused; a refusal ends the connection and the source resumes from what is durable.
public final class ReceiverSession {
    private final GroupReceiver group;
    private final Journal journal;
    private String source = "";
    private static final int NO_SLOT = -1;

    private List<Integer> slots = List.of();
    private long[] dropped = new long[0];
    private List<Frame.Offer> offers = List.of();
    private List<Integer> passSlots = List.of();
    private long pass;
    private long passReceived;
    private long passDurable;
    private List<Long> durable = List.of();
    private long heardNanos;
    private final Comparisons comparisons;

    ReceiverSession(GroupReceiver group, Journal journal) {
        this.group = group;
        this.journal = journal;
        this.comparisons = new Comparisons(journal);
    }

    /// Takes one frame.
    ///
    /// @return what to answer at once
    /// @throws FaultException with a [StreamFault] when the connection must end, with a
    ///     [io.redoubt.core.port.DiskFault] when the journal finds no room
    public List<Frame> received(Frame frame) {
        heardNanos = group.now();
        return switch (frame) {
            case Frame.Hello hello -> group.hello(this, hello);
            case Frame.GrantRequest request -> List.of(group.grant(request));
            case Frame.Heartbeat beat -> {
                heard(beat);
                yield List.of();
            }
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
            case Frame.Compare compare -> compare(compare);
            case Frame.Welcome _, Frame.Refusal _, Frame.Ack _, Frame.Grant _ ->
                    throw new FaultException(
                            new StreamFault.Garbled("a frame that only a receiver sends"));
            case Frame.Compared _, Frame.Wanted _ ->
                    throw new FaultException(
                            new StreamFault.Garbled("a frame that only a receiver sends"));
            case Frame.PeerHello _, Frame.Switch _, Frame.Switched _ -> throw forPeers();
            case Frame.Release _, Frame.Released _ -> throw forPeers();
        };
    }

    private void heard(Frame.Heartbeat beat) {
        if (beat.last().size() != slots.size()) {
            throw new FaultException(new StreamFault.Garbled("a heartbeat of other volumes"));
        }
        for (int i = 0; i < slots.size(); i++) {
            if (!drops(i)) {
                group.heard(offers.get(i).volume(), beat.last().get(i));
            }
        }
    }

    private static FaultException forPeers() {
        return new FaultException(new StreamFault.Garbled("a frame between sources"));
    }

    private void ingest(Frame frame) {
        group.requireNotPromoted();
        if (slots.isEmpty()) {
            throw new FaultException(new StreamFault.Garbled("data before a hello"));
        }
        switch (frame) {
            case Frame.Write write -> write(write);
            case Frame.Zero zero -> zero(zero);
            case Frame.Voided voided -> {
                if (!drops(voided.slot(), voided.last())
                        && follows(voided.slot(), voided.first(), voided.last())) {
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
                    passSlots.stream()
                            .filter(slot -> !journal.left(slot))
                            .forEach(slot -> journal.passEnd(slot, end.pass()));
                    group.syncSoon();
                }
            }
            case Frame.Cut cut -> group.cut(this, cut);
            default -> throw new IllegalStateException("not data: " + frame);
        }
        group.publishReady();
    }

    /// @return how each volume goes on
    List<Frame.Resume> open(Frame.Hello hello) {
        source = hello.source();
        offers = hello.volumes();
        pass = 0;
        passReceived = 0;
        passDurable = 0;
        passSlots = List.of();
        dropped = new long[offers.size()];
        var mapped = new ArrayList<Integer>();
        var resumes = new ArrayList<Frame.Resume>();
        for (Frame.Offer offer : offers) {
            if (!group.isMember(offer.volume())) {
                dropped[mapped.size()] = offer.last();
                mapped.add(NO_SLOT);
                resumes.add(new Frame.Resume(HelloAnswer.RESUME, offer.last(), true));
                continue;
            }
            group.heard(offer.volume(), offer.last());
            int slot = journal.join(offer.volume(), offer.size());
            mapped.add(slot);
            resumes.add(
                    new Frame.Resume(
                            HelloAnswer.decide(
                                    journal.through(slot),
                                    offer.freed(),
                                    offer.last(),
                                    journal.needsFullPass(slot, offer.delta()),
                                    journal.through(slot) == 0 && !journal.adopted(slot),
                                    journal.needsPass(slot)),
                            journal.through(slot),
                            journal.joined(slot)));
        }
        slots = List.copyOf(mapped);
        durable = slots.stream().map(_ -> 0L).toList();
        return resumes;
    }

    /// Whether the volume is no member, or no member any more: its source has not heard of it yet. It is told that everything arrives, so that
    /// neither its spool nor its other volumes wait; should the volume come back, all of it is compared.
    private boolean drops(int index) {
        return slots.get(requireIndex(index)) == NO_SLOT || journal.left(slots.get(index));
    }

    private boolean drops(int index, long last) {
        boolean drops = drops(index);
        if (drops) {
            dropped[index] = Math.max(dropped[index], last);
        }
        return drops;
    }

    private void write(Frame.Write write) {
        if (drops(write.slot(), write.last())) {
            return;
        }
        if (!follows(write.slot(), write.first(), write.last())) {
            return;
        }
        inRange(write.slot(), write.offset(), write.data().remaining());
        intact(write.data(), write.crc());
        journal.write(
                slot(write.slot()), write.first(), write.last(), write.offset(), write.data());
        group.appended(write.data().remaining());
    }

    private void zero(Frame.Zero zero) {
        if (!drops(zero.slot(), zero.last()) && follows(zero.slot(), zero.first(), zero.last())) {
            inRange(zero.slot(), zero.offset(), zero.length());
            journal.zero(
                    slot(zero.slot()), zero.first(), zero.last(), zero.offset(), zero.length());
        }
    }

    private void passBegin(Frame.PassBegin begin) {
        if (pass == begin.pass()) {
            return;
        }
        var members = new ArrayList<Integer>();
        for (Frame.PassMember member : begin.members()) {
            if (drops(member.slot(), member.vseq())) {
                continue;
            }
            int slot = slot(member.slot());
            if (member.skipFirst() > journal.through(slot)) {
                throw new FaultException(
                        new StreamFault.Gap(
                                member.slot(), journal.through(slot), member.skipFirst()));
            }
            journal.passBegin(slot, member.skipFirst(), member.vseq(), begin.pass(), member.full());
            members.add(slot);
        }
        passSlots = List.copyOf(members);
        pass = begin.pass();
        passReceived = 0;
        passDurable = 0;
        group.passBegan();
    }

    private void passBlocks(Frame.PassBlocks blocks) {
        if (!followsInPass(blocks.pass(), blocks.n()) || drops(blocks.slot())) {
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
        group.appended(blocks.data().remaining());
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

    private List<Frame> compare(Frame.Compare compare) {
        if (drops(compare.slot())) {
            return List.of(
                    new Frame.Compared(
                            compare.pass(),
                            compare.slot(),
                            compare.vseq(),
                            compare.offset(),
                            compare.length(),
                            compare.pass() == 0 ? Frame.Outcome.UNKNOWN : Frame.Outcome.SAME));
        }
        inRange(compare.slot(), compare.offset(), compare.length());
        VolumeId volume = offers.get(compare.slot()).volume();
        if (compare.length() > Comparisons.BYTES_MAX) {
            throw new FaultException(
                    new StreamFault.Garbled(
                            "a comparison of %d bytes".formatted(compare.length())));
        }
        if (compare.pass() == 0) {
            return List.of(comparisons.asOf(compare, volume));
        }
        if (compare.pass() > pass) {
            // Not ignored: the source waits for the answer.
            throw new FaultException(
                    new StreamFault.Garbled("a question of a pass that has not begun"));
        }
        if (compare.pass() == pass) {
            comparisons.inPass(compare, volume);
            group.syncSoon(); // what is the same must be durable before it is said to be
        }
        return List.of();
    }

    /// Everything that came is durable.
    void allDurable() {
        durable = through();
        passDurable = passReceived;
    }

    /// Asks for a damaged range, when the volume is one of this source.
    Optional<Frame> wanting(WantedRange range) {
        int index = slots.indexOf(range.slot());
        return index < 0
                ? Optional.empty()
                : Optional.of(new Frame.Wanted(index, range.offset(), range.length()));
    }

    /// Whether it offered one of these that was no member.
    boolean offersAnyOf(Set<VolumeId> wanted, Predicate<VolumeId> isMember) {
        return offers.stream()
                .map(Frame.Offer::volume)
                .anyMatch(volume -> wanted.contains(volume) && !isMember.test(volume));
    }

    /// What was found in the pass, all of it durable now.
    List<Frame.Compared> compared() {
        return comparisons.take();
    }

    Frame.Ack ack(long published, long stampMillis, long cutBase) {
        return new Frame.Ack(
                through(), durable, pass, passDurable, published, stampMillis, cutBase);
    }

    boolean opened() {
        return !slots.isEmpty();
    }

    String source() {
        return source;
    }

    long heardNanos() {
        return heardNanos;
    }

    private List<Long> through() {
        var through = new ArrayList<Long>();
        for (int i = 0; i < slots.size(); i++) {
            through.add(
                    slots.get(i) == NO_SLOT
                            ? dropped[i]
                            : Math.max(dropped[i], journal.through(slots.get(i))));
        }
        return through;
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
        return slots.get(requireIndex(index));
    }

    private int requireIndex(int index) {
        if (index < 0 || index >= slots.size()) {
            throw new FaultException(new StreamFault.Garbled("no volume has index " + index));
        }
        return index;
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
}
