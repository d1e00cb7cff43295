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
import io.redoubt.protocol.RollBackReceiver;
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
