// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.grant.GrantTimes;
import io.redoubt.core.grant.Grantor;
import io.redoubt.simulation.machine.SimHost;
import io.redoubt.simulation.machine.SimTime;
import io.redoubt.simulation.machine.SyncLedger;
import io.redoubt.storage.journal.Journal;
import io.redoubt.storage.journal.PointTag;
import io.redoubt.storage.journal.PointTag.Consistency;
import io.redoubt.storage.journal.PointTag.Failure;
import io.redoubt.storage.journal.RecoveryPoint;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Points that somebody ordered: one for each order, and a label that becomes known after the cut.
class OrderedPointTest {
    private static final VolumeId HERE = new VolumeId("here");
    private static final GrantTimes TIMES = new GrantTimes(6_000_000_000L, 1_000_000_000L);
    private static final PointTag WISH =
            new PointTag(
                    "before",
                    Consistency.CRASH,
                    "owner",
                    List.of(new Failure("m", "nobody knows yet")),
                    "order-1");

    private final SimHost host =
            new SimHost(new SplittableRandom(1), new SimTime(), new SyncLedger());
    private Journal journal = open();
    private GroupReceiver receiver = receiver();
    private ReceiverSession coordinator = connected();
    private long number;
    private long stamp;

    private Journal open() {
        return Journal.open(host.disk("journal"), OneGroup.LINEAGE, OneGroup.JOURNAL);
    }

    private GroupReceiver receiver() {
        return new GroupReceiver(journal, new Grantor(TIMES, 1, false, false, 0), host.clock());
    }

    private ReceiverSession connected() {
        ReceiverSession session = receiver.connect();
        var offer = new Frame.Offer(HERE, 64 << 10, 0, 1, false);
        session.received(
                new Frame.Hello(History.first(OneGroup.LINEAGE), "one", 1, 1, List.of(offer)));
        return session;
    }

    private void reopen() {
        journal.close();
        journal = open();
        receiver = receiver();
        coordinator = connected();
    }

    private void copy() {
        coordinator.received(new Frame.PassBegin(1, List.of(new Frame.PassMember(0, 0, 1, true))));
        coordinator.received(new Frame.PassEnd(1, 1));
    }

    /// The receiver may publish it at once or wait for its writes.
    private long cut(String tag) {
        number =
                Math.max(
                        number + 1,
                        receiver.batchEnd().stream()
                                .map(GroupReceiver.Outgoing::frame)
                                .filter(Frame.Ack.class::isInstance)
                                .mapToLong(ack -> ((Frame.Ack) ack).cutBase())
                                .max()
                                .orElse(0));
        coordinator.received(new Frame.Cut(number, ++stamp, Map.of(HERE, 1L), 0, tag));
        return number;
    }

    private List<Long> published() {
        assertThat(receiver.batchEnd()).isNotEmpty();
        return journal.points().stream().map(RecoveryPoint::number).toList();
    }

    @Test
    void a_second_cut_of_an_order_is_given_up_while_the_first_one_waits_and_when_it_is_kept() {
        long first = cut(WISH.text()); // waits: nothing of the volume has come
        cut(WISH.text());
        assertThat(receiver.cutsGivenUp()).isEqualTo(1);
        copy();
        assertThat(published()).containsExactly(first);
        cut(WISH.text());
        assertThat(published()).containsExactly(first);
        reopen();
        cut(WISH.text());
        assertThat(published()).containsExactly(first);
        long other =
                cut(
                        new PointTag("before", Consistency.CRASH, "owner", List.of(), "order-2")
                                .text());
        long periodic = cut("");
        long again = cut("");
        assertThat(published()).containsExactly(first, other, periodic, again);
    }

    @Test
    void what_becomes_known_of_a_point_after_its_cut_is_kept_with_it() {
        copy();
        long point = cut(WISH.text());
        long next = cut("");
        assertThat(published()).containsExactly(point, next);
        PointTag proved = WISH.with(Consistency.APPLICATION, List.of());
        journal.label(point, proved);
        for (int i = 0; i < 2; i++) {
            assertThat(journal.points().getFirst().tag()).isEqualTo(proved);
            assertThat(journal.points().getFirst().vector()).containsEntry(HERE, 1L);
            assertThat(journal.points().getLast().tag()).isEqualTo(PointTag.NONE);
            assertThat(journal.hasOrder("order-1")).isTrue();
            reopen();
        }
        long appended = journal.appended();
        journal.label(point, proved);
        assertThat(journal.appended()).as("the same again writes nothing").isEqualTo(appended);
        journal.drop(point);
        assertThatThrownBy(() -> journal.label(point, proved)).isInstanceOf(FaultException.class);
        assertThat(journal.hasOrder("order-1")).isFalse();
    }
}
