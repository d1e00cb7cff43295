// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import io.redoubt.storage.journal.Checksum;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;

/// A pass on its way: one for the group, over the members that were in TRACK (rules 12 and 13).
final class RunningPass {
    private static final ByteBuffer NO_DATA = ByteBuffer.allocate(0);

    private final long number;
    private final List<SourceVolume> all;
    private final List<SourceVolume> members = new ArrayList<>();
    private final List<PassSlice> slices = new ArrayList<>();
    private final boolean[] fresh;
    private final Deque<InFlight> inFlight = new ArrayDeque<>();
    private long n;
    private long endN;
    private boolean begun;
    private boolean allSent;

    private record InFlight(long n, int member, long block, int count) {}

    /// @param fresh by volume: the receiver holds nothing of it, so blocks of zeros need not travel
    RunningPass(long number, List<SourceVolume> all, boolean[] fresh) {
        this.number = number;
        this.all = all;
        this.fresh = fresh.clone();
        for (SourceVolume volume : all) {
            PassSlice slice = volume.passes().running();
            if (slice != null && slice.pass == number) {
                members.add(volume);
                slices.add(slice);
            }
        }
    }

    long number() {
        return number;
    }

    List<SourceVolume> members() {
        return members;
    }

    long vseqOf(SourceVolume member) {
        return slices.get(members.indexOf(member)).vseq;
    }

    boolean begun() {
        return begun;
    }

    void begin(Budget out) {
        var declared = new ArrayList<Frame.PassMember>();
        for (int i = 0; i < members.size(); i++) {
            PassSlice slice = slices.get(i);
            declared.add(
                    new Frame.PassMember(
                            all.indexOf(members.get(i)), slice.gapFrom, slice.vseq, slice.full));
        }
        out.accept(new Frame.PassBegin(number, declared));
        begun = true;
    }

    boolean spoiled() {
        return slices.stream().anyMatch(PassSlice::spoiled);
    }

    /// A block was left out, and all that can be sent is sent and durable: it ends without a point, and what it brought over stays there.
    boolean exhausted() {
        return allSent && endN == 0 && inFlight.isEmpty();
    }

    void sendOvertaken(SourceVolume volume, Budget out) {
        int member = members.indexOf(volume);
        if (member >= 0) {
            PassSlice slice = slices.get(member);
            for (PassSlice.Block block = slice.pollOvertaken();
                    block != null;
                    block = slice.pollOvertaken()) {
                send(member, block, out);
            }
        }
    }

    /// Sends frozen blocks, at least one frame, and the end when nothing is left.
    void sendBlocks(Budget out, int frameBlocks) {
        boolean left = false;
        for (int i = 0; i < members.size(); i++) {
            SourceVolume volume = members.get(i);
            do {
                PassSlice.Item item =
                        volume.passes()
                                .take(slices.get(i), frameBlocks, !fresh[all.indexOf(volume)]);
                if (item == null) {
                    break;
                }
                left = true;
                switch (item) {
                    case PassSlice.Block block -> {
                        if (block.data().hasRemaining()) {
                            send(i, block, out);
                        }
                    }
                    case PassSlice.Question question -> out.accept(ask(volume, question));
                }
            } while (out.hasRoom());
            sendOvertaken(volume, out);
            left |= slices.get(i).awaitsAnswers();
        }
        allSent = !left;
        // Asked after the last look: whoever leaves a block out says so before the block counts as
        // sent.
        boolean whole = slices.stream().noneMatch(PassSlice::isShortOfRoom);
        if (allSent && endN == 0 && whole) {
            endN = ++n;
            out.accept(new Frame.PassEnd(number, endN));
        }
    }

    private Frame ask(SourceVolume volume, PassSlice.Question question) {
        return new Frame.Compare(
                number,
                all.indexOf(volume),
                0,
                question.number() * DirtyMap.BLOCK,
                question.bytes(),
                question.of());
    }

    /// The receiver has compared something of this pass.
    void compared(Frame.Compared found) {
        SourceVolume volume = all.get(found.slot());
        int member = members.indexOf(volume);
        if (member >= 0) {
            volume.passes()
                    .compared(
                            slices.get(member),
                            found.offset() / DirtyMap.BLOCK,
                            found.outcome() == Frame.Outcome.SAME);
        }
    }

    private void send(int member, PassSlice.Block block, Budget out) {
        int volume = all.indexOf(members.get(member));
        ByteBuffer data = block.data();
        int count = Math.ceilDiv(data.remaining(), DirtyMap.BLOCK);
        boolean zeros = isZero(data);
        if (zeros && fresh[volume]) {
            members.get(member).passes().durable(slices.get(member), block.number(), count);
            return;
        }
        n++;
        inFlight.add(new InFlight(n, member, block.number(), count));
        long offset = block.number() * DirtyMap.BLOCK;
        out.accept(
                new Frame.PassBlocks(
                        number,
                        n,
                        volume,
                        offset,
                        data.remaining(),
                        zeros ? NO_DATA : data,
                        zeros ? 0 : Checksum.of(data)));
    }

    private static boolean isZero(ByteBuffer data) {
        for (int i = data.position(); i < data.limit(); i++) {
            if (data.get(i) != 0) {
                return false;
            }
        }
        return true;
    }

    /// The receiver has the frames up to this one durably.
    ///
    /// @return whether the pass is complete
    boolean durable(long upTo) {
        while (!inFlight.isEmpty() && inFlight.getFirst().n <= upTo) {
            InFlight done = Objects.requireNonNull(inFlight.pollFirst());
            members.get(done.member)
                    .passes()
                    .durable(slices.get(done.member), done.block, done.count);
        }
        if (endN == 0 || upTo < endN) {
            return false;
        }
        members.forEach(v -> v.passes().complete());
        return true;
    }
}
