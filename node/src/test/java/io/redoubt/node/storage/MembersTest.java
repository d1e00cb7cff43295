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
import io.redoubt.protocol.SourcePeer;
import io.redoubt.protocol.Unprotect;
import io.redoubt.protocol.ViewVolume;
import io.redoubt.storage.nbd.NbdClient;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Volumes join a group and leave it while it lives, in the order of the control plane (ADR 34): real files, sockets and certificates.
@Timeout(120)
class MembersTest {
    private static final int SIZE = 4 << 20;
    private static final String LINEAGE = "00112233445566778899aabbccddeeff";

    @TempDir Path home;
    private TestedStorage one;
    private TestedStorage other;
    private TestedStorage receiver;

    @BeforeEach
    void start() throws Exception {
        var authority = new TestAuthority();
        one = new TestedStorage(home.resolve("one"), authority.node("one"));
        other = new TestedStorage(home.resolve("other"), authority.node("other"));
        receiver = new TestedStorage(home.resolve("receiver"), authority.node("receiver"));
        one.grantedByControl();
        other.grantedByControl();
        make(one, "one-disk");
        make(one, "one-more");
        make(other, "other-disk");
        receive(1, List.of("one"), List.of("one-disk"));
        source(one, 1, "one", List.of(), List.of("one-disk"));
    }

    @AfterEach
    void stop() throws IOException {
        for (TestedStorage node : List.of(one, other, receiver)) {
            node.close();
        }
    }

    private void receive(long membership, List<String> sources, List<String> volumes) {
        var told =
                ProtectReceiver.newBuilder()
                        .setGroup("g")
                        .setTerm(1)
                        .setLineage(LINEAGE)
                        .setMembership(membership)
                        .addAllSourceNodes(sources);
        volumes.forEach(volume -> told.addVolumes(member(volume)));
        carryOut(receiver, Command.newBuilder().setProtectReceiver(told));
    }

    private void source(
            TestedStorage node,
            long membership,
            String name,
            List<TestedStorage> peers,
            List<String> volumes) {
        var told =
                ProtectSource.newBuilder()
                        .setGroup("g")
                        .setTerm(1)
                        .setLineage(LINEAGE)
                        .setMembership(membership)
                        .setSourceNode(name)
                        .setReceiverAddress(receiver.address())
                        .setReceiverNode("receiver")
                        .setIntervalMillis(100);
        peers.forEach(peer ->
                told.addPeers(
                        SourcePeer.newBuilder()
                                .setNode(peer == one ? "one" : "other")
                                .setAddress(peer.address())));
        volumes.forEach(volume -> told.addVolumes(member(volume)));
        carryOut(node, Command.newBuilder().setProtectSource(told));
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

    private Point newest() {
        List<Point> points =
                receiver.carryOut(
                                Command.newBuilder()
                                        .setListPoints(ListPoints.newBuilder().setGroup("g")))
                        .getPointsListed()
                        .getPointsList();
        return points.isEmpty() ? Point.getDefaultInstance() : points.getLast();
    }

    private Point await(String what, Predicate<Point> until) throws InterruptedException {
        for (long end = System.nanoTime() + 30_000_000_000L; ; ) {
            Point newest = newest();
            if (until.test(newest)) {
                return newest;
            }
            assertThat(System.nanoTime()).as("%s, newest: %s", what, newest).isLessThan(end);
            Thread.sleep(20);
        }
    }

    /// One that was begun behind whatever was written until now.
    private Point later() throws InterruptedException {
        long before = newest().getNumber();
        return await("points after " + before, point -> point.getNumber() > before + 2);
    }

    private static void write(TestedStorage node, String volume, int value) {
        try (NbdClient client = TestedStorage.connect(node.raise(volume, 1, "n"))) {
            client.write(0, ByteBuffer.allocate(512).putInt(0, value));
        }
    }

    private int shown(String view, Point point, String volume) {
        carryOut(
                receiver,
                Command.newBuilder()
                        .setOpenView(
                                OpenView.newBuilder()
                                        .setView(view)
                                        .setGroup("g")
                                        .setCut(point.getNumber())
                                        .setTest(true)
                                        .setQuotaBytes(1 << 20)
                                        .addVolumes(
                                                ViewVolume.newBuilder()
                                                        .setVolume(volume)
                                                        .setViewVolume(view)
                                                        .setHolder("machine")
                                                        .setAttachment(
                                                                Attachment.newBuilder()
                                                                        .setNumber(1)
                                                                        .setNonce("n")))));
        ByteBuffer read = ByteBuffer.allocate(4);
        try (NbdClient client = TestedStorage.connect(receiver.raise(view, 1, "n"))) {
            client.read(0, read);
        }
        return read.getInt(0);
    }

    /// The other node joins, leaves, is written without protection, and joins again.
    @Test
    void a_node_joins_and_leaves_and_every_point_keeps_its_members() throws Exception {
        write(one, "one-disk", 11);
        Point alone = later();
        try (var guest = new Guest()) {
            join(2);
            write(other, "other-disk", 22);
            Point counted = await("both are counted", MembersTest::countsBoth);
            Point both = later();
            assertThat(both.getNumber()).isGreaterThan(counted.getNumber());
            assertThat(countsBoth(both)).isTrue();
            leave(3);
            Point without = later();
            assertThat(without.getVseqsMap()).containsOnlyKeys("one-disk");
            write(other, "other-disk", 33); // nobody notes it
            join(4);
            Point again = await("both are counted again", MembersTest::countsBoth);
            assertThat(alone.getVseqsMap()).containsOnlyKeys("one-disk");
            assertThat(shown("v1", both, "other-disk")).isEqualTo(22);
            assertThat(shown("v2", again, "other-disk")).isEqualTo(33);
            assertThat(shown("v3", alone, "one-disk")).isEqualTo(11);
            assertThat(guest.slowestMillis()).as("no write was held").isLessThan(3000);
        }
        assertRefused(
                () -> receive(3, List.of("one"), List.of("one-disk")),
                new NodeFault.OldMembership("g", 3, 4));
    }

    private void join(long membership) {
        receive(membership, List.of("one", "other"), List.of("one-disk", "other-disk"));
        source(other, membership, "other", List.of(one), List.of("other-disk"));
        source(one, membership, "one", List.of(other), List.of("one-disk"));
    }

    private void leave(long membership) {
        receive(membership, List.of("one", "other"), List.of("one-disk"));
        source(one, membership, "one", List.of(), List.of("one-disk"));
        letGo(other, membership);
    }

    private static void letGo(TestedStorage node, long membership) {
        carryOut(
                node,
                Command.newBuilder()
                        .setUnprotect(
                                Unprotect.newBuilder()
                                        .setGroup("g")
                                        .setLeftMembership(membership)));
    }

    /// A control plane whose database is older than the return, or a word that was late: also over a restart of the node.
    @Test
    void a_word_of_a_leaving_before_the_return_ends_nothing() throws Exception {
        join(2);
        leave(3);
        join(4);
        Point counted = await("both are counted", MembersTest::countsBoth);
        assertThat(counted.getNumber()).isPositive();
        for (int i = 0; i < 2; i++) {
            assertRefused(() -> letGo(other, 3), new NodeFault.MemberAgain("g", 3, 4));
            assertRefused(() -> letGo(other, 4), new NodeFault.MemberAgain("g", 4, 4));
            write(other, "other-disk", 40 + i);
            assertThat(shown("v" + i, later(), "other-disk")).isEqualTo(40 + i);
            other.restart();
            source(one, 4, "one", List.of(other), List.of("one-disk")); // where it is now
            var _ = later(); // numbers leap with the new connection
        }
        letGo(receiver, 9); // a receiver is no source: its journal stays
        assertThat(newest().getNumber()).isPositive();
        leave(5);
        assertThat(later().getVseqsMap()).containsOnlyKeys("one-disk");
    }

    /// Two databases count their changes from the same one: the number alone does not say what was decided.
    @Test
    void other_members_under_the_same_number_are_refused() {
        join(2);
        assertRefused(
                () -> receive(2, List.of("one"), List.of("one-disk")),
                new NodeFault.OldMembership("g", 2, 2));
        receive(2, List.of("one", "other"), List.of("other-disk", "one-disk"));
    }

    private static void assertRefused(ThrowingCallable command, NodeFault with) {
        assertThatThrownBy(command)
                .isInstanceOf(FaultException.class)
                .extracting(e -> ((FaultException) e).fault())
                .isEqualTo(with);
    }

    private static boolean countsBoth(Point point) {
        return point.getVseqsMap().keySet().containsAll(List.of("one-disk", "other-disk"));
    }

    /// The receiver has heard of it and the source has not, for a while and over restarts of both: points go on, and no write waits.
    @Test
    void a_source_that_has_not_heard_that_its_volume_left_streams_the_others() throws Exception {
        receive(2, List.of("one"), List.of("one-disk", "one-more"));
        source(one, 2, "one", List.of(), List.of("one-disk", "one-more"));
        write(one, "one-more", 5);
        Point both =
                await("both are counted", point -> point.getVseqsMap().containsKey("one-more"));
        receive(3, List.of("one"), List.of("one-disk"));
        write(one, "one-more", 6);
        assertThat(later().getVseqsMap()).containsOnlyKeys("one-disk");
        receiver.restart();
        source(one, 2, "one", List.of(), List.of("one-disk", "one-more")); // where it is now
        write(one, "one-disk", 7);
        write(one, "one-more", 8);
        Point without = later();
        assertThat(without.getVseqsMap()).containsOnlyKeys("one-disk");
        assertThat(shown("v1", without, "one-disk")).isEqualTo(7);
        source(one, 3, "one", List.of(), List.of("one-disk"));
        one.restart();
        var _ = later(); // numbers leap with the new connection
        write(one, "one-more", 9);
        write(one, "one-disk", 10);
        Point last = later();
        assertThat(shown("v2", last, "one-disk")).isEqualTo(10);
        assertThat(shown("v3", both, "one-more")).isEqualTo(5);
    }

    /// Writes all the time.
    private final class Guest implements AutoCloseable {
        private final AtomicBoolean stopped = new AtomicBoolean();
        private final AtomicLong slowest = new AtomicLong();
        private final Thread writing;

        Guest() {
            NbdClient client = TestedStorage.connect(one.raise("one-disk", 1, "n"));
            writing =
                    Thread.ofPlatform()
                            .start(() -> {
                                while (!stopped.get()) {
                                    long began = System.nanoTime();
                                    client.write(4096, ByteBuffer.allocate(512));
                                    long took = System.nanoTime() - began;
                                    slowest.accumulateAndGet(took, Math::max);
                                }
                                client.close();
                            });
        }

        long slowestMillis() {
            return Duration.ofNanos(slowest.get()).toMillis();
        }

        @Override
        public void close() {
            stopped.set(true);
            try {
                writing.join();
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
