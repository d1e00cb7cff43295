// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import static io.redoubt.node.storage.TwoSides.DISK;
import static io.redoubt.node.storage.TwoSides.GROUP;
import static io.redoubt.node.storage.TwoSides.awaitPoint;
import static io.redoubt.node.storage.TwoSides.tell;
import static io.redoubt.node.storage.TwoSides.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.protocol.BreakGlassAnswer;
import io.redoubt.protocol.BreakGlassOrder;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.Isolation;
import io.redoubt.protocol.LiveView;
import io.redoubt.protocol.ProtectReceiver;
import io.redoubt.protocol.ReceiverReport;
import io.redoubt.protocol.VolumeState;
import io.redoubt.protocol.WithoutControl;
import io.redoubt.storage.nbd.NbdClient;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Rule 3: a person promotes at the receiver's node, with two nodes as they are and no control plane.
@Timeout(120)
class WithoutControlTest {
    private static final String OFF = "the control plane burnt down with its rack";

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

    private static BreakGlassOrder order(long point, String sourceIsOff) {
        return BreakGlassOrder.newBuilder()
                .setGroup(GROUP)
                .setPoint(point)
                .setSaid(
                        WithoutControl.newBuilder()
                                .setControlIsOff(OFF)
                                .setSourceIsOff(sourceIsOff))
                .build();
    }

    private ReceiverReport receiver() {
        return sides.fresh.report().getReceiversList().getFirst();
    }

    private NbdClient disk(BreakGlassAnswer answer) {
        var export = answer.getOpened().getExports(0);
        return NbdClient.connect(Path.of(export.getSocket()), export.getExportName());
    }

    @Test
    void the_journal_becomes_the_only_writer_and_tells_whoever_comes_back_what_was_said()
            throws Exception {
        awaitPoint(sides.fresh);
        write(sides.old, DISK, 1, 0, 5);
        long point = awaitPoint(sides.fresh);
        long began = System.nanoTime();
        BreakGlassAnswer answer = sides.fresh.breakGlass(order(point, ""));
        assertThat(System.nanoTime() - began)
                .as("what the control plane may have granted has expired")
                .isGreaterThan(7_000_000_000L);
        assertThat(answer.getTerm()).isGreaterThan(1_000_000);
        try (NbdClient client = disk(answer)) {
            ByteBuffer read = ByteBuffer.allocate(4);
            client.read(0, read);
            assertThat(read.getInt(0)).isEqualTo(5);
            client.write(4096, ByteBuffer.allocate(512).putInt(0, 50));
        }
        TwoSides.await(
                "the source is fenced",
                () ->
                        sides.old.report().getVolumesList().getFirst().getState()
                                == VolumeState.VOLUME_RELEASED);

        sides.fresh.restart();
        BreakGlassAnswer again = sides.fresh.breakGlass(order(point, ""));
        assertThat(again.getTerm()).isEqualTo(answer.getTerm());
        try (NbdClient client = disk(again)) {
            ByteBuffer read = ByteBuffer.allocate(4);
            client.read(4096, read);
            assertThat(read.getInt(0)).isEqualTo(50);
        }
        assertThat(receiver().getPromoted()).isTrue();
        LiveView live = receiver().getLiveViewsList().getFirst();
        assertThat(live.getTerm()).isEqualTo(answer.getTerm());
        assertThat(live.getCut()).isEqualTo(point);
        assertThat(live.getWithoutControl().getControlIsOff()).isEqualTo(OFF);
    }

    @Test
    void a_source_that_goes_on_alone_needs_a_word_of_its_own() throws Exception {
        long point = awaitPoint(sides.fresh);
        var told =
                ProtectReceiver.newBuilder()
                        .setGroup(GROUP)
                        .setTerm(1)
                        .setLineage("0123456789abcdef0123456789abcdef")
                        .addSourceNodes("old")
                        .addVolumes(TwoSides.member())
                        .setIsolation(Isolation.newBuilder().setVersion(1).setGoesOn(true));
        tell(sides.fresh, Command.newBuilder().setProtectReceiver(told));
        assertThatThrownBy(() -> sides.fresh.breakGlass(order(point, "")))
                .hasMessageContaining("may still acknowledge");
        assertThat(receiver().getPromoted()).isFalse();
        BreakGlassAnswer answer =
                sides.fresh.breakGlass(order(point, "its host lies on my desk, without power"));
        assertThat(answer.hasOpened()).isTrue();
        assertThat(receiver().getLiveViewsList().getFirst().getWithoutControl().getSourceIsOff())
                .contains("without power");
        assertThat(receiver().getPromoted()).isTrue();
    }

    @Test
    void a_point_that_is_not_kept_is_refused_before_anything_is_stopped() throws Exception {
        awaitPoint(sides.fresh);
        assertThatThrownBy(() -> sides.fresh.breakGlass(order(999_999, "")))
                .hasMessageContaining("999999");
        assertThat(receiver().getStopped()).isFalse();
        write(sides.old, DISK, 1, 0, 5);
    }
}
