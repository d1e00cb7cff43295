// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.Attachment;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.EnsureVolume;
import io.redoubt.protocol.ListPoints;
import io.redoubt.protocol.OpenView;
import io.redoubt.protocol.Point;
import io.redoubt.protocol.ProtectReceiver;
import io.redoubt.protocol.ProtectSource;
import io.redoubt.protocol.ProtectedVolume;
import io.redoubt.protocol.ReleaseSource;
import io.redoubt.protocol.ReplicationState;
import io.redoubt.protocol.SourcePeer;
import io.redoubt.protocol.SourceReport;
import io.redoubt.protocol.StopGrants;
import io.redoubt.protocol.TakePoint;
import io.redoubt.protocol.ViewVolume;
import io.redoubt.storage.nbd.NbdClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Two nodes that write one group, the node that keeps its journal, and one of the same region that has no part in it: real files, sockets
/// and certificates.
@Timeout(120)
class PeersTest {
    private static final int SIZE = 4 << 20;
    private static final String LINEAGE = "00112233445566778899aabbccddeeff";
    private static final List<String> SOURCES = List.of("one", "other");

    @TempDir Path home;
    private TestedStorage one;
    private TestedStorage other;
    private TestedStorage receiver;
    private TestedStorage stranger;

    @BeforeEach
    void start() throws Exception {
        var authority = new TestAuthority();
        one = new TestedStorage(home.resolve("one"), authority.node("one"));
        other = new TestedStorage(home.resolve("other"), authority.node("other"));
        receiver = new TestedStorage(home.resolve("receiver"), authority.node("receiver"));
        stranger = new TestedStorage(home.resolve("stranger"), authority.node("stranger"));
        make(one, "one-disk");
        make(other, "other-disk");
        receive(receiver, 1, SOURCES);
        tell(1);
    }

    @AfterEach
    void stop() throws IOException {
        for (TestedStorage node : List.of(one, other, receiver, stranger)) {
            node.close();
        }
    }

    /// As the control plane does whenever somebody has moved.
    private void tell(long term) {
        carryOut(one, source("one", "other", other.address(), receiver, term));
        carryOut(other, source("other", "one", one.address(), receiver, term));
    }

    private static Command.Builder source(
            String name, String peerName, String peer, TestedStorage receiver, long term) {
        return Command.newBuilder()
                .setProtectSource(
                        ProtectSource.newBuilder()
                                .setGroup("g")
                                .setTerm(term)
                                .setLineage(LINEAGE)
                                .setSourceNode(name)
                                .addPeers(
                                        SourcePeer.newBuilder().setNode(peerName).setAddress(peer))
                                .setReceiverAddress(receiver.address())
                                .setReceiverNode("receiver")
                                .setIntervalMillis(100)
                                .addVolumes(member(name + "-disk")));
    }

    private static void receive(TestedStorage node, long term, List<String> sources) {
        var told =
                ProtectReceiver.newBuilder()
                        .setGroup("g")
                        .setTerm(term)
                        .setLineage(LINEAGE)
                        .addAllSourceNodes(sources);
        sources.forEach(source -> told.addVolumes(member(source + "-disk")));
        carryOut(node, Command.newBuilder().setProtectReceiver(told));
    }

    private static void make(TestedStorage node, String volume) {
        node.ensure(EnsureVolume.newBuilder().setVolume(volume).setSizeBytes(SIZE));
    }

    private static ProtectedVolume member(String volume) {
        return ProtectedVolume.newBuilder().setVolume(volume).setSizeBytes(SIZE).build();
    }

    private static void carryOut(TestedStorage node, Command.Builder command) {
        var _ = node.carryOut(command);
    }

    private long newest() {
        List<Point> points =
                receiver.carryOut(
                                Command.newBuilder()
                                        .setListPoints(ListPoints.newBuilder().setGroup("g")))
                        .getPointsListed()
                        .getPointsList();
        return points.isEmpty() ? 0 : points.getLast().getNumber();
    }

    private static void await(String what, BooleanSupplier until) throws InterruptedException {
        for (long end = System.nanoTime() + 30_000_000_000L; !until.getAsBoolean(); ) {
            assertThat(System.nanoTime()).as(what).isLessThan(end);
            Thread.sleep(20);
        }
    }

    private void awaitMorePoints() throws InterruptedException {
        long before = newest();
        await("points after " + before, () -> newest() > before + 2);
    }

    private static void write(TestedStorage node, String volume, int value) {
        try (NbdClient client = TestedStorage.connect(node.raise(volume, 1, "n"))) {
            client.write(0, ByteBuffer.allocate(512).putInt(0, value));
        }
    }

    /// What a view of the newest point shows at the beginning of each source's volume.
    private List<Integer> shown(String view) {
        var open = OpenView.newBuilder().setView(view).setGroup("g").setCut(newest()).setTest(true);
        for (String source : SOURCES) {
            open.addVolumes(
                    ViewVolume.newBuilder()
                            .setVolume(source + "-disk")
                            .setViewVolume(view + "-" + source)
                            .setHolder("machine")
                            .setAttachment(Attachment.newBuilder().setNumber(1).setNonce("n")));
        }
        carryOut(receiver, Command.newBuilder().setOpenView(open.setQuotaBytes(1 << 20)));
        return SOURCES.stream()
                .map(source -> {
                    ByteBuffer read = ByteBuffer.allocate(4);
                    try (NbdClient client =
                            TestedStorage.connect(receiver.raise(view + "-" + source, 1, "n"))) {
                        client.read(0, read);
                    }
                    return read.getInt(0);
                })
                .toList();
    }

    @Test
    void a_point_holds_what_was_written_at_both_nodes() throws Exception {
        awaitMorePoints();
        write(one, "one-disk", 11);
        write(other, "other-disk", 22);
        awaitMorePoints();
        assertThat(shown("v")).containsExactly(11, 22);
        assertThat(makesCuts(one)).isNotEqualTo(makesCuts(other));
    }

    private static boolean makesCuts(TestedStorage node) {
        return reported(node).getMakesCuts();
    }

    private static SourceReport reported(TestedStorage node) {
        return node.report().getSourcesList().getFirst();
    }

    @Test
    void only_the_source_that_makes_the_cuts_takes_an_order_for_one() throws Exception {
        awaitMorePoints();
        TestedStorage coordinator = makesCuts(one) ? one : other;
        TestedStorage peer = coordinator == one ? other : one;
        var order =
                Command.newBuilder()
                        .setTakePoint(TakePoint.newBuilder().setGroup("g").setName("now"));
        assertThatThrownBy(() -> carryOut(peer, order))
                .isInstanceOf(FaultException.class)
                .extracting(e -> ((FaultException) e).fault())
                .isEqualTo(new NodeFault.NotCoordinator("g"));
        long number = coordinator.carryOut(order).getPointTaken().getNumber();
        await("the point", () -> newest() >= number);
    }

    /// The first coordinator is gone after its cut, and nobody may have heard its answer: the order is told to the next one.
    @Test
    void an_order_that_two_coordinators_cut_for_is_one_point() throws Exception {
        awaitMorePoints();
        TestedStorage coordinator = makesCuts(one) ? one : other;
        TestedStorage peer = coordinator == one ? other : one;
        var order =
                Command.newBuilder()
                        .setTakePoint(
                                TakePoint.newBuilder()
                                        .setGroup("g")
                                        .setName("now")
                                        .setOrder("order-1"));
        long first = coordinator.carryOut(order).getPointTaken().getNumber();
        await("the point", () -> newest() >= first);
        coordinator.restart(() -> await("the other one makes the cuts", () -> makesCuts(peer)));
        tell(1);
        awaitMorePoints();
        long second = peer.carryOut(order).getPointTaken().getNumber();
        assertThat(second).isGreaterThan(first);
        await("points after it", () -> newest() > second);
        assertThat(
                        receiver
                                .carryOut(
                                        Command.newBuilder()
                                                .setListPoints(
                                                        ListPoints.newBuilder().setGroup("g")))
                                .getPointsListed()
                                .getPointsList()
                                .stream()
                                .filter(point -> point.getOrder().equals("order-1"))
                                .map(Point::getNumber))
                .containsExactly(first);
    }

    /// Its port is another one after each start. Whoever was told nothing new still looks for it where it was, and goes on when it is told.
    @Test
    void a_node_that_comes_back_at_another_address_takes_part_again_once_its_peer_is_told()
            throws Exception {
        awaitMorePoints();
        if (makesCuts(other)) {
            other.restart(() -> await("the other one makes the cuts", () -> makesCuts(one)));
            tell(1);
            awaitMorePoints();
        }
        write(one, "one-disk", 1);
        other.restart();
        await("its stream stands again", () -> reported(other).getBytesBehind() == 0);
        Thread.sleep(1000);
        long silent = newest();
        Thread.sleep(1500);
        assertThat(newest()).as("no point without the other's volume").isEqualTo(silent);
        assertThat(reported(one).getPeers(0).getAddress()).isNotEqualTo(other.address());
        tell(1);
        assertThat(reported(one).getPeers(0).getAddress()).isEqualTo(other.address());
        awaitMorePoints();
        write(other, "other-disk", 2);
        awaitMorePoints();
        assertThat(shown("v")).containsExactly(1, 2);
    }

    /// A cut's number counts once at a source. A stranger that was heard with higher ones would end the group's points.
    @Test
    void a_node_of_the_region_that_is_not_of_the_group_is_not_heard() throws Exception {
        awaitMorePoints();
        make(stranger, "stranger-disk");
        receive(stranger, 1, List.of("stranger"));
        for (int start = 0; start < 3; start++) {
            // Its own journal gives it higher numbers at each start; it knows where both sources
            // are.
            var told =
                    source("stranger", "one", one.address(), stranger, 1).getProtectSourceBuilder();
            told.setReceiverNode("stranger")
                    .addPeers(SourcePeer.newBuilder().setNode("other").setAddress(other.address()));
            carryOut(stranger, Command.newBuilder().setProtectSource(told));
            await("it makes cuts", () -> makesCuts(stranger));
            Thread.sleep(1000);
            stranger.restart();
        }
        awaitMorePoints();
        assertThat(
                        stranger.carryOut(
                                        Command.newBuilder()
                                                .setListPoints(
                                                        ListPoints.newBuilder().setGroup("g")))
                                .getPointsListed()
                                .getPointsList())
                .isEmpty();
    }

    /// I32: the certificate decides, not what a node says of itself. This one knows all of a group whose own source has never called. With the
    /// journal of another group, which names it, it streams at once.
    @Test
    void a_node_that_claims_to_be_a_source_gets_nothing_into_the_journal() throws Exception {
        call("claimed", "a", "one");
        call("own", "b", "stranger");
        await("it is welcome where it is named", () -> streams("own"));
        Thread.sleep(2000);
        assertThat(streams("claimed")).as("it is welcome elsewhere").isFalse();
    }

    /// @param lineage a digit
    /// @param source  that the journal names
    private void call(String group, String lineage, String source) {
        String volume = group + "-disk";
        make(stranger, volume);
        carryOut(
                receiver,
                Command.newBuilder()
                        .setProtectReceiver(
                                ProtectReceiver.newBuilder()
                                        .setGroup(group)
                                        .setTerm(1)
                                        .setLineage(lineage.repeat(LINEAGE.length()))
                                        .addSourceNodes(source)
                                        .addVolumes(member(volume))));
        carryOut(
                stranger,
                Command.newBuilder()
                        .setProtectSource(
                                ProtectSource.newBuilder()
                                        .setGroup(group)
                                        .setTerm(1)
                                        .setLineage(lineage.repeat(LINEAGE.length()))
                                        .setSourceNode(source)
                                        .setReceiverAddress(receiver.address())
                                        .setReceiverNode("receiver")
                                        .setIntervalMillis(100)
                                        .addVolumes(member(volume))));
    }

    private boolean streams(String group) {
        return stranger.report().getSourcesList().stream()
                .filter(source -> source.getGroup().equals(group))
                .anyMatch(source -> source.getVolumes(0).getState() == ReplicationState.STREAM);
    }

    /// Whoever says nothing for ten seconds is taken for dead, and cuts may be an hour apart: a connection that ends between them would be
    /// missed by the next one.
    @Test
    void the_connection_between_two_sources_outlives_the_time_between_two_cuts() throws Exception {
        try (var toOne = new CountingRelay(one.address());
                var toOther = new CountingRelay(other.address())) {
            var first = source("one", "other", toOther.address(), receiver, 1);
            first.getProtectSourceBuilder().setIntervalMillis(60_000);
            var second = source("other", "one", toOne.address(), receiver, 1);
            second.getProtectSourceBuilder().setIntervalMillis(60_000);
            carryOut(one, first);
            carryOut(other, second);
            await("a connection", () -> toOne.taken() + toOther.taken() > 0);
            Thread.sleep(2000);
            int before = toOne.taken() + toOther.taken();
            Thread.sleep(13_000);
            assertThat(toOne.taken() + toOther.taken()).isEqualTo(before);
        }
    }

    /// Hands bytes on, and counts for how many connections.
    private static final class CountingRelay implements AutoCloseable {
        private final ServerSocket listener =
                new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        private final int target;
        private final AtomicInteger taken = new AtomicInteger();

        CountingRelay(String target) throws IOException {
            this.target = Integer.parseInt(target.substring(target.lastIndexOf(':') + 1));
            Thread.ofVirtual().start(this::takeForEver);
        }

        String address() {
            return "127.0.0.1:" + listener.getLocalPort();
        }

        int taken() {
            return taken.get();
        }

        private void takeForEver() {
            try {
                while (true) {
                    Socket from = listener.accept();
                    Socket to = new Socket(InetAddress.getLoopbackAddress(), target);
                    taken.incrementAndGet();
                    Thread.ofVirtual().start(() -> pump(from, to));
                    Thread.ofVirtual().start(() -> pump(to, from));
                }
            } catch (IOException _) {
                // closed
            }
        }

        private static void pump(Socket from, Socket to) {
            try (from;
                    to) {
                from.getInputStream().transferTo(to.getOutputStream());
            } catch (IOException _) {
                // one of the two is gone
            }
        }

        @Override
        public void close() throws IOException {
            listener.close();
        }
    }

    @Test
    void a_source_with_other_peers_is_another_group() throws Exception {
        var told = source("one", "stranger", stranger.address(), receiver, 1);
        assertThatThrownBy(() -> carryOut(one, told))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("[other]")
                .hasMessageContaining("[stranger]");
        awaitMorePoints();
    }

    /// Rules 1 and 2, at the nodes themselves.
    @Test
    void a_decision_that_is_taken_back_lets_both_sources_write_again() throws Exception {
        awaitMorePoints();
        carryOut(
                receiver,
                Command.newBuilder()
                        .setStopGrants(StopGrants.newBuilder().setGroup("g").setTerm(2)));
        for (TestedStorage node : List.of(one, other)) {
            var release =
                    Command.newBuilder()
                            .setReleaseSource(ReleaseSource.newBuilder().setGroup("g").setTerm(2));
            assertThat(node.carryOut(release).getSourceReleased().getReleased()).isTrue();
        }
        CompletableFuture<Void> first = CompletableFuture.runAsync(() -> write(one, "one-disk", 5));
        CompletableFuture<Void> second =
                CompletableFuture.runAsync(() -> write(other, "other-disk", 6));
        assertThatThrownBy(() -> first.get(2, TimeUnit.SECONDS))
                .isInstanceOf(TimeoutException.class);
        assertThat(second).isNotDone();
        receive(receiver, 3, SOURCES);
        tell(3);
        first.get(20, TimeUnit.SECONDS);
        second.get(20, TimeUnit.SECONDS);
        awaitMorePoints();
        assertThat(shown("v")).containsExactly(5, 6);
    }
}
