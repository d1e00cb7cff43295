// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.protocol.AdoptedVolume;
import io.redoubt.protocol.Attachment;
import io.redoubt.protocol.CloseView;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.Delta;
import io.redoubt.protocol.EnsureVolume;
import io.redoubt.protocol.Fork;
import io.redoubt.protocol.ListPoints;
import io.redoubt.protocol.OpenView;
import io.redoubt.protocol.Point;
import io.redoubt.protocol.PromoteReceiver;
import io.redoubt.protocol.ProtectReceiver;
import io.redoubt.protocol.ProtectSource;
import io.redoubt.protocol.ProtectedVolume;
import io.redoubt.protocol.RaiseAttachment;
import io.redoubt.protocol.ReleaseSource;
import io.redoubt.protocol.SourceReleased;
import io.redoubt.protocol.SourceReport;
import io.redoubt.protocol.StopGrants;
import io.redoubt.protocol.TellUnshipped;
import io.redoubt.protocol.ViewVolume;
import io.redoubt.protocol.VolumeDelta;
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

    private static final String BACK = "fedcba9876543210fedcba9876543210";

    private VolumeDelta unshipped = VolumeDelta.getDefaultInstance();
    String compared = "";
    final TestedStorage old;
    final TestedStorage fresh;

    TwoSides(Path home) throws Exception {
        var authority = new TestAuthority();
        old = new TestedStorage(home.resolve("old"), authority.node("old"));
        fresh = new TestedStorage(home.resolve("fresh"), authority.node("fresh"));
        old.ensure(disk());
        protect(1);
    }

    static EnsureVolume.Builder disk() {
        return EnsureVolume.newBuilder().setVolume(DISK).setSizeBytes(SIZE);
    }

    /// After the commit: the old node's volume becomes the base of its journal, and the new node streams to it.
    void reverse(long term, long point, String unknown) {
        List<VolumeDelta> told =
                old.carryOut(
                                Command.newBuilder()
                                        .setTellUnshipped(
                                                TellUnshipped.newBuilder()
                                                        .setGroup(GROUP)
                                                        .setTerm(term - 1)
                                                        .setLimit(1000)))
                        .getUnshippedTold()
                        .getVolumesList();
        unshipped = told.getFirst().toBuilder().setVolume(LIVE).build();
        var fork = Fork.newBuilder().setParent(LINEAGE).setPoint(point);
        var detached =
                RaiseAttachment.newBuilder()
                        .setVolume(DISK)
                        .setAttachment(Attachment.newBuilder().setNumber(2).setNonce("nobody"));
        tell(old, Command.newBuilder().setRaiseAttachment(detached));
        tell(
                old,
                Command.newBuilder()
                        .setProtectReceiver(
                                ProtectReceiver.newBuilder()
                                        .setGroup(GROUP)
                                        .setTerm(term)
                                        .setLineage(BACK)
                                        .addSourceNodes("fresh")
                                        .addVolumes(back())
                                        .setFork(fork)
                                        .addAdopted(
                                                AdoptedVolume.newBuilder()
                                                        .setVolume(LIVE)
                                                        .setHere(DISK))));
        sourceBack(term, point, unknown);
    }

    void sourceBack(long term, long point, String unknown) {
        compared =
                fresh.carryOut(
                                Command.newBuilder()
                                        .setProtectSource(
                                                ProtectSource.newBuilder()
                                                        .setGroup(GROUP)
                                                        .setTerm(term)
                                                        .setLineage(BACK)
                                                        .setSourceNode("fresh")
                                                        .setReceiverAddress(old.address())
                                                        .setReceiverNode("old")
                                                        .setIntervalMillis(100)
                                                        .addVolumes(back())
                                                        .setDelta(
                                                                Delta.newBuilder()
                                                                        .setPoint(point)
                                                                        .setUnknown(unknown)
                                                                        .addVolumes(unshipped))))
                        .getSourceProtected()
                        .getCompared();
    }

    private static ProtectedVolume back() {
        return ProtectedVolume.newBuilder().setVolume(LIVE).setSizeBytes(SIZE).build();
    }

    SourceReport report(TestedStorage node) {
        return node.report().getSourcesList().getFirst();
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
        tell(
                fresh,
                Command.newBuilder()
                        .setOpenView(view("live-view", DISK, LIVE, point).setTerm(term)));
    }

    private static OpenView.Builder view(String view, String member, String volume, long point) {
        return OpenView.newBuilder()
                .setView(view)
                .setGroup(GROUP)
                .setCut(point)
                .addVolumes(
                        ViewVolume.newBuilder()
                                .setVolume(member)
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
        return shown(node, DISK, point, at);
    }

    /// @param member of the group
    static int shown(TestedStorage node, String member, long point, long at) {
        tell(
                node,
                Command.newBuilder()
                        .setOpenView(
                                view("test-view", member, "looked-at", point)
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
