// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.protocol.Attachment;
import io.redoubt.protocol.CloseView;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.EnsureVolume;
import io.redoubt.protocol.ListPoints;
import io.redoubt.protocol.OpenView;
import io.redoubt.protocol.Point;
import io.redoubt.protocol.PromoteReceiver;
import io.redoubt.protocol.ProtectReceiver;
import io.redoubt.protocol.ProtectSource;
import io.redoubt.protocol.ProtectedVolume;
import io.redoubt.protocol.ReleaseSource;
import io.redoubt.protocol.SourceReleased;
import io.redoubt.protocol.StopGrants;
import io.redoubt.protocol.ViewVolume;
import io.redoubt.storage.nbd.NbdClient;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BooleanSupplier;

/// A group of one volume that node *old* writes and node *fresh* keeps the journal of, told what the control plane would tell them.
final class TwoSides implements AutoCloseable {
    static final String GROUP = "g";
    static final String DISK = "disk";
    static final String LIVE = "live";
    static final long SIZE = 16L << 20;
    private static final String LINEAGE = "0123456789abcdef0123456789abcdef";

    final TestedStorage old;
    final TestedStorage fresh;

    TwoSides(Path home) throws Exception {
        var authority = new TestAuthority();
        old = new TestedStorage(home.resolve("old"), authority.node("old"));
        fresh = new TestedStorage(home.resolve("fresh"), authority.node("fresh"));
        old.ensure(EnsureVolume.newBuilder().setVolume(DISK).setSizeBytes(SIZE));
        protect(1);
    }

    /// Under this term the old node writes and the other one receives.
    void protect(long term) {
        tell(
                fresh,
                Command.newBuilder()
                        .setProtectReceiver(
                                ProtectReceiver.newBuilder()
                                        .setGroup(GROUP)
                                        .setTerm(term)
                                        .setLineage(LINEAGE)
                                        .addSourceNodes("old")
                                        .addVolumes(member())));
        source(term);
    }

    void source(long term) {
        tell(
                old,
                Command.newBuilder()
                        .setProtectSource(
                                ProtectSource.newBuilder()
                                        .setGroup(GROUP)
                                        .setTerm(term)
                                        .setLineage(LINEAGE)
                                        .setSourceNode("old")
                                        .setReceiverAddress(fresh.address())
                                        .setReceiverNode("fresh")
                                        .setIntervalMillis(100)
                                        .addVolumes(member())));
    }

    static ProtectedVolume member() {
        return ProtectedVolume.newBuilder().setVolume(DISK).setSizeBytes(SIZE).build();
    }

    static void tell(TestedStorage node, Command.Builder command) {
        var _ = node.carryOut(command);
    }

    /// Decides, opens the live view at the point and promotes.
    ///
    /// @return what the old side released at
    SourceReleased failOver(long term, long point) {
        tell(
                fresh,
                Command.newBuilder()
                        .setStopGrants(StopGrants.newBuilder().setGroup(GROUP).setTerm(term)));
        SourceReleased released =
                old.carryOut(
                                Command.newBuilder()
                                        .setReleaseSource(
                                                ReleaseSource.newBuilder()
                                                        .setGroup(GROUP)
                                                        .setTerm(term)))
                        .getSourceReleased();
        openLive(term, point);
        tell(
                fresh,
                Command.newBuilder()
                        .setPromoteReceiver(
                                PromoteReceiver.newBuilder()
                                        .setGroup(GROUP)
                                        .setTerm(term)
                                        .setSourceReleased(true)));
        return released;
    }

    void openLive(long term, long point) {
        tell(fresh, Command.newBuilder().setOpenView(view("live-view", LIVE, point).setTerm(term)));
    }

    private static OpenView.Builder view(String view, String volume, long point) {
        return OpenView.newBuilder()
                .setView(view)
                .setGroup(GROUP)
                .setCut(point)
                .addVolumes(
                        ViewVolume.newBuilder()
                                .setVolume(DISK)
                                .setViewVolume(volume)
                                .setHolder("machine")
                                .setAttachment(first()));
    }

    private static Attachment first() {
        return Attachment.newBuilder().setNumber(1).setNonce("n").build();
    }

    void closeLive() {
        close(fresh, "live-view");
    }

    private static void close(TestedStorage node, String view) {
        tell(
                node,
                Command.newBuilder()
                        .setCloseView(CloseView.newBuilder().setView(view).setGroup(GROUP)));
    }

    /// What a point of the journal at this node shows there.
    static int shown(TestedStorage node, long point, long at) {
        tell(
                node,
                Command.newBuilder()
                        .setOpenView(
                                view("test-view", "looked-at", point)
                                        .setTest(true)
                                        .setQuotaBytes(1 << 20)));
        try {
            return read(node, "looked-at", 1, at);
        } finally {
            close(node, "test-view");
        }
    }

    static int read(TestedStorage node, String volume, long attachment, long at) {
        ByteBuffer read = ByteBuffer.allocate(4);
        try (NbdClient client = TestedStorage.connect(node.raise(volume, attachment, "n"))) {
            client.read(at, read);
        }
        return read.getInt(0);
    }

    static void write(TestedStorage node, String volume, long attachment, long at, int value) {
        try (NbdClient client = TestedStorage.connect(node.raise(volume, attachment, "n"))) {
            client.write(at, ByteBuffer.allocate(512).putInt(0, value));
        }
    }

    static List<Point> points(TestedStorage node) {
        return node.carryOut(
                        Command.newBuilder().setListPoints(ListPoints.newBuilder().setGroup(GROUP)))
                .getPointsListed()
                .getPointsList();
    }

    static long newest(TestedStorage node) {
        List<Point> points = points(node);
        return points.isEmpty() ? 0 : points.getLast().getNumber();
    }

    /// @return a point that was cut from now on
    static long awaitPoint(TestedStorage node) throws InterruptedException {
        long before = newest(node);
        await("points after " + before, () -> newest(node) > before + 2);
        return newest(node);
    }

    static void await(String what, BooleanSupplier until) throws InterruptedException {
        for (long end = System.nanoTime() + 30_000_000_000L; !until.getAsBoolean(); ) {
            assertThat(System.nanoTime()).as(what).isLessThan(end);
            Thread.sleep(20);
        }
    }

    @Override
    public void close() throws IOException {
        old.close();
        fresh.close();
    }
}
