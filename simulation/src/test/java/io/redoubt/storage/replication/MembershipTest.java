// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.grant.GrantAnswer;
import io.redoubt.core.grant.GrantHolder;
import io.redoubt.core.grant.GrantTimes;
import io.redoubt.core.grant.Grantor;
import io.redoubt.core.grant.GrantorKind;
import io.redoubt.simulation.machine.SimDisk;
import io.redoubt.simulation.machine.SimHost;
import io.redoubt.simulation.machine.SimTime;
import io.redoubt.simulation.machine.SyncLedger;
import io.redoubt.storage.block.RawVolume;
import io.redoubt.storage.journal.Journal;
import io.redoubt.storage.journal.RecoveryPoint;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Which volumes a point counts (ADR 34), frame by frame.
class MembershipTest {
    private static final VolumeId HERE = new VolumeId("here");
    private static final VolumeId THERE = new VolumeId("there");
    private static final int SIZE = 64 << 10;
    private static final GrantTimes TIMES = new GrantTimes(6_000_000_000L, 1_000_000_000L);

    private final SimHost host =
            new SimHost(new SplittableRandom(1), new SimTime(), new SyncLedger());
    private final Journal journal =
            Journal.open(host.disk("journal"), OneGroup.LINEAGE, OneGroup.JOURNAL);
    private final GroupReceiver receiver =
            new GroupReceiver(journal, new Grantor(TIMES, 1, false, false, 0), host.clock());
    private final ReceiverSession coordinator = connected("one", HERE);
    private final ReceiverSession peer = connected("other", THERE);
    private long number;
    private long stamp;

    private ReceiverSession connected(String source, VolumeId volume) {
        ReceiverSession session = receiver.connect();
        var offer = new Frame.Offer(volume, SIZE, 0, 1, false);
        assertThat(
                        session.received(
                                new Frame.Hello(
                                        History.first(OneGroup.LINEAGE),
                                        source,
                                        1,
                                        1,
                                        List.of(offer))))
                .hasSize(1);
        return session;
    }

    private void copy(ReceiverSession session, long pass, long vseq) {
        session.received(
                new Frame.PassBegin(pass, List.of(new Frame.PassMember(0, 0, vseq, true))));
        session.received(new Frame.PassEnd(pass, 1));
    }

    /// @return the newest point afterwards
    private RecoveryPoint cut(Map<VolumeId, Long> vector) {
        number =
                Math.max(
                        number + 1,
                        receiver.batchEnd().stream()
                                .filter(out -> out.to() == coordinator)
                                .map(GroupReceiver.Outgoing::frame)
                                .filter(Frame.Ack.class::isInstance)
                                .mapToLong(ack -> ((Frame.Ack) ack).cutBase())
                                .max()
                                .orElse(0));
        coordinator.received(new Frame.Cut(number, ++stamp, vector, 0, ""));
        assertThat(receiver.batchEnd()).isNotEmpty();
        return journal.points().getLast();
    }

    @Test
    void a_cut_without_a_volume_that_points_count_is_none() {
        copy(coordinator, 1, 1);
        copy(peer, 1, 1);
        RecoveryPoint both = cut(Map.of(HERE, 1L, THERE, 1L));
        assertThat(both.vector()).containsOnlyKeys(HERE, THERE);
        // Another source makes the cuts and has not heard of the second one.
        assertThat(cut(Map.of(HERE, 1L))).isEqualTo(both);
        assertThat(receiver.cutsGivenUp()).isEqualTo(1);
        receiver.members(Set.of(HERE));
        RecoveryPoint without = cut(Map.of(HERE, 1L, THERE, 1L));
        assertThat(without.vector()).containsOnlyKeys(HERE);
        assertThat(journal.points()).containsExactly(both, without);
    }

    /// Its source has not heard of it: what it sends is dropped, and it is told that it arrived.
    @Test
    void what_comes_of_a_volume_that_left_is_dropped_and_acknowledged() {
        copy(coordinator, 1, 1);
        copy(peer, 1, 1);
        receiver.members(Set.of(HERE));
        long before = journal.appended();
        peer.received(new Frame.Zero(0, 1, 2, 0, 4096));
        assertThat(journal.appended()).isEqualTo(before);
        Frame.Ack ack =
                receiver.batchEnd().stream()
                        .filter(out -> out.to() == peer)
                        .map(out -> (Frame.Ack) out.frame())
                        .findFirst()
                        .orElseThrow();
        assertThat(ack.durable()).containsExactly(2L);
        receiver.members(Set.of(HERE, THERE));
        assertThat(receiver.isCurrent(peer)).as("it must ask anew").isFalse();
        assertThat(receiver.isCurrent(coordinator)).isTrue();
        assertThat(journal.needsFullPass(journal.find(THERE).orElseThrow(), false)).isTrue();
    }

    /// Its pass would else carry the number 0, which old points show.
    @Test
    void a_volume_that_comes_back_counts_on_also_when_it_was_never_written() {
        var raw = RawVolume.create(host.disk("data"), HERE, new Bytes(SIZE));
        SimDisk disk = host.disk("splitter");
        assertThat(splitter(raw, disk).lastVseq()).isZero();
        SourceVolume.forget(disk);
        SourceVolume again = splitter(raw, disk);
        long first = again.lastVseq();
        assertThat(first).isPositive();
        assertThat(again.tryZero(0, 4096)).isGreaterThan(first);
        long last = again.lastVseq();
        SourceVolume.forget(disk);
        assertThat(splitter(raw, disk).lastVseq()).isGreaterThan(last);
    }

    private SourceVolume splitter(RawVolume raw, SimDisk disk) {
        var holder = new GrantHolder(TIMES, 1);
        holder.requested(GrantorKind.RECEIVER, 1, host.clock().bootNanos());
        holder.answered(GrantorKind.RECEIVER, 1, new GrantAnswer.Granted(1));
        return new SourceVolume(
                HERE,
                raw,
                disk,
                host.clock(),
                new SourceLimits(128 << 10, 32 << 10, 8 << 10, 64 << 10, 0, 24 << 10),
                () -> holder.standing(host.clock().bootNanos()));
    }
}
