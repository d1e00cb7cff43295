// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import static io.redoubt.node.storage.TwoSides.DISK;
import static io.redoubt.node.storage.TwoSides.GROUP;
import static io.redoubt.node.storage.TwoSides.LIVE;
import static io.redoubt.node.storage.TwoSides.awaitPoint;
import static io.redoubt.node.storage.TwoSides.read;
import static io.redoubt.node.storage.TwoSides.shown;
import static io.redoubt.node.storage.TwoSides.tell;
import static io.redoubt.node.storage.TwoSides.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.CommitReceiver;
import io.redoubt.protocol.CountLoss;
import io.redoubt.protocol.LossCounted;
import io.redoubt.protocol.ReplicationState;
import io.redoubt.protocol.RollBackReceiver;
import io.redoubt.protocol.VolumeLoss;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What follows a failover, at two nodes as they are, without the control plane.
class WayBackTest {
    @TempDir private Path home;
    private TwoSides sides;

    @BeforeEach
    void start() throws Exception {
        sides = new TwoSides(home);
    }

    @AfterEach
    void stop() throws Exception {
        sides.close();
    }

    /// Written and published, then written once more behind the point, then failed over to it and written on the other side.
    private long failedOver() throws InterruptedException {
        awaitPoint(sides.fresh);
        write(sides.old, DISK, 1, 0, 5);
        long chosen = awaitPoint(sides.fresh);
        write(sides.old, DISK, 1, 8192, 6);
        awaitPoint(sides.fresh);
        var _ = sides.failOver(2, chosen);
        assertThat(read(sides.fresh, LIVE, 1, 8192)).isZero();
        write(sides.fresh, LIVE, 1, 0, 50);
        return chosen;
    }

    /// I20, also when both nodes start anew in between.
    @Test
    void a_rollback_drops_what_was_written_and_the_old_side_goes_on() throws Exception {
        long chosen = failedOver();
        assertThatThrownBy(this::rollBack)
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("live-view");
        sides.closeLive();
        sides.fresh.restart();
        rollBack();
        sides.fresh.restart();
        rollBack(); // the same again
        sides.old.restart();
        sides.source(3);
        assertThat(read(sides.old, DISK, 2, 8192)).as("behind the point").isEqualTo(6);
        assertThat(read(sides.old, DISK, 2, 0)).isEqualTo(5);
        write(sides.old, DISK, 2, 4096, 7);
        long later = awaitPoint(sides.fresh);
        assertThat(shown(sides.fresh, later, 4096)).isEqualTo(7);
        assertThat(shown(sides.fresh, later, 8192)).isEqualTo(6);
        assertThat(shown(sides.fresh, chosen, 0)).isEqualTo(5);
        assertThat(shown(sides.fresh, chosen, 8192)).isZero();
    }

    /// A91: what arrived is counted by the receiver, also after a start, and what did not by the source, once it has released.
    @Test
    void what_a_failover_gives_up_is_counted_on_both_sides() throws Exception {
        long chosen = failedOver();
        sides.fresh.restart();
        LossCounted arrived =
                count(sides.fresh, CountLoss.newBuilder().setGroup(GROUP).setPoint(chosen));
        VolumeLoss there = arrived.getVolumes(0);
        assertThat(arrived.getComplete()).isTrue();
        assertThat(there.getWrites()).isEqualTo(1);
        assertThat(there.getBytes()).isEqualTo(4096);
        VolumeLoss here =
                count(
                                sides.old,
                                CountLoss.newBuilder()
                                        .setGroup(GROUP)
                                        .putAbove(DISK, there.getThrough()))
                        .getVolumes(0);
        assertThat(here.getWrites()).as("all of it had arrived").isZero();
        assertThatThrownBy(() ->
                        count(sides.fresh, CountLoss.newBuilder().setGroup(GROUP).setPoint(99_999)))
                .hasMessageContaining("99999");
    }

    private static LossCounted count(TestedStorage node, CountLoss.Builder wanted) {
        return node.carryOut(Command.newBuilder().setCountLoss(wanted)).getLossCounted();
    }

    /// I21, also when the node starts anew.
    @Test
    void a_commit_ends_the_history_and_what_is_above_it_stays_as_a_branch() throws Exception {
        long chosen = failedOver();
        long above = TwoSides.newest(sides.fresh);
        assertThat(above).isGreaterThan(chosen);
        assertThatThrownBy(() -> commit(1, chosen)).hasMessageContaining("not promoted");
        commit(2, chosen);
        sides.fresh.restart();
        commit(2, chosen); // the same again
        var report = sides.fresh.report().getReceiversList().getFirst();
        assertThat(report.getCommittedPoint()).isEqualTo(chosen);
        assertThat(report.getPoints(0).getNumber()).isEqualTo(above);
        assertThat(report.getPointsKept()).isEqualTo(TwoSides.points(sides.fresh).size());
        assertThat(shown(sides.fresh, above, 8192)).as("of the branch").isEqualTo(6);
        assertThat(read(sides.fresh, LIVE, 1, 0)).isEqualTo(50);
        assertThatThrownBy(() -> rollBack(true)).hasMessageContaining("point " + chosen);
        sides.closeLive();
        assertThatThrownBy(this::rollBack).hasMessageContaining("point " + chosen);
    }

    /// There and back: what the old side held alone stays readable, what differs travels, and the sides are equal in the end.
    @Test
    void a_reversed_group_streams_what_differs_to_the_old_volumes_where_they_lie()
            throws Exception {
        long chosen = failedOver();
        commit(2, chosen);
        sides.reverse(3, chosen, "");
        assertThat(sides.compared).as("all of it is known").isEmpty();
        TwoSides.await("the first point", () -> TwoSides.newest(sides.old) > 0);
        long held = TwoSides.points(sides.old).getFirst().getNumber();
        assertThat(TwoSides.points(sides.old).getFirst().getName())
                .isEqualTo("what-the-old-side-held");
        assertThat(shownBack(held, 0)).as("I15").isEqualTo(5);
        assertThat(shownBack(held, 8192)).as("I15, behind the point").isEqualTo(6);
        long later = awaitPoint(sides.old);
        assertThat(shownBack(later, 0)).as("written on the other side").isEqualTo(50);
        assertThat(shownBack(later, 8192)).as("not in the chosen point").isZero();
        write(sides.fresh, LIVE, 1, 12288, 60);
        later = awaitPoint(sides.old);
        assertThat(shownBack(later, 12288)).isEqualTo(60);
        assertThat(shownBack(held, 0)).as("I15, still").isEqualTo(5);
        assertThat(sides.report(sides.fresh).getVolumes(0).getState())
                .isEqualTo(ReplicationState.STREAM);
        assertThatThrownBy(() -> sides.old.raise(DISK, 9, "x")).hasMessageContaining(DISK);
        assertThatThrownBy(() -> sides.old.ensure(TwoSides.disk()))
                .hasMessageContaining("base of the journal");
    }

    /// Every restart finds its way: of the old node while it adopts, of the new one while it streams, of both.
    @Test
    void a_reversed_group_goes_on_over_restarts_of_both_nodes() throws Exception {
        long chosen = failedOver();
        commit(2, chosen);
        sides.reverse(3, chosen, "");
        sides.old.restart();
        sides.sourceBack(3, chosen, "");
        TwoSides.await("the first point", () -> TwoSides.newest(sides.old) > 0);
        sides.fresh.restart();
        sides.sourceBack(3, chosen, "");
        write(sides.fresh, LIVE, 1, 16384, 70);
        long later = awaitPoint(sides.old);
        assertThat(shownBack(later, 16384)).isEqualTo(70);
        assertThat(shownBack(later, 0)).isEqualTo(50);
        assertThat(shownBack(TwoSides.points(sides.old).getFirst().getNumber(), 8192)).isEqualTo(6);
    }

    /// Rule 35: whatever is unknown is compared, and the operator is told.
    @Test
    void without_a_known_difference_everything_is_compared() throws Exception {
        long chosen = failedOver();
        commit(2, chosen);
        sides.reverse(3, chosen, "the old side was written since");
        assertThat(sides.compared).isEqualTo("the old side was written since");
        TwoSides.await("the first point", () -> TwoSides.newest(sides.old) > 0);
        long later = awaitPoint(sides.old);
        assertThat(shownBack(later, 0)).isEqualTo(50);
        assertThat(shownBack(later, 8192)).isZero();
    }

    private int shownBack(long point, long at) {
        return TwoSides.shown(sides.old, LIVE, point, at);
    }

    private void commit(long term, long point) {
        tell(
                sides.fresh,
                Command.newBuilder()
                        .setCommitReceiver(
                                CommitReceiver.newBuilder()
                                        .setGroup(GROUP)
                                        .setTerm(term)
                                        .setPoint(point)));
    }

    private void rollBack() {
        rollBack(false);
    }

    private void rollBack(boolean preview) {
        tell(
                sides.fresh,
                Command.newBuilder()
                        .setRollBackReceiver(
                                RollBackReceiver.newBuilder()
                                        .setGroup(GROUP)
                                        .setTerm(3)
                                        .setPreview(preview)));
    }
}
