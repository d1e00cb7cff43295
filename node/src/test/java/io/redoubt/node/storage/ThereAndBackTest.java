// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import static io.redoubt.node.storage.TwoSides.DISK;
import static io.redoubt.node.storage.TwoSides.GROUP;
import static io.redoubt.node.storage.TwoSides.LIVE;
import static io.redoubt.node.storage.TwoSides.SIZE;
import static io.redoubt.node.storage.TwoSides.await;
import static io.redoubt.node.storage.TwoSides.awaitPoint;
import static io.redoubt.node.storage.TwoSides.read;
import static io.redoubt.node.storage.TwoSides.tell;
import static io.redoubt.node.storage.TwoSides.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.protocol.AdoptedVolume;
import io.redoubt.protocol.Attachment;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.CommitReceiver;
import io.redoubt.protocol.Delta;
import io.redoubt.protocol.DropJournal;
import io.redoubt.protocol.Fork;
import io.redoubt.protocol.HydrateVolume;
import io.redoubt.protocol.OpenView;
import io.redoubt.protocol.PromoteReceiver;
import io.redoubt.protocol.ProtectReceiver;
import io.redoubt.protocol.ProtectSource;
import io.redoubt.protocol.ProtectedVolume;
import io.redoubt.protocol.RaiseAttachment;
import io.redoubt.protocol.ReleaseSource;
import io.redoubt.protocol.StopGrants;
import io.redoubt.protocol.TellUnshipped;
import io.redoubt.protocol.Unprotect;
import io.redoubt.protocol.ViewVolume;
import io.redoubt.protocol.VolumeDelta;
import io.redoubt.protocol.VolumeReport;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What stands on a journal after a commit becomes real, so a group goes there and back and there again; at two nodes as they are.
class ThereAndBackTest {
    private static final String FIRST = "0123456789abcdef0123456789abcdef";
    private static final String SECOND = "11111111111111112222222222222222";
    private static final String THIRD = "33333333333333334444444444444444";

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

    @Test
    void a_group_goes_there_and_back_and_there_again() throws Exception {
        awaitPoint(sides.fresh);
        write(sides.old, DISK, 1, 0, 5);
        long first = failOver(sides.old, sides.fresh, DISK, "there", 2);
        write(sides.fresh, "there", 1, 4096, 50);
        commit(sides.fresh, 2, first);
        assertThat(turnRound(sides.old, sides.fresh, DISK, "there", 3, SECOND, first)).isEmpty();
        await("the first point", () -> TwoSides.newest(sides.old) > 0);
        copied(sides.fresh, "there");
        sides.fresh.restart();
        source(sides.old, sides.fresh, "there", 3, SECOND, Delta.newBuilder().setPoint(first));
        assertThat(read(sides.fresh, "there", 1, 0)).isEqualTo(5);
        var another = ProtectReceiver.newBuilder().setGroup(GROUP).setTerm(9).setLineage(THIRD);
        assertThatThrownBy(
                        () -> tell(sides.fresh, Command.newBuilder().setProtectReceiver(another)))
                .as("one journal of a group")
                .hasMessageContaining(FIRST);
        drop(sides.fresh, FIRST);

        write(sides.fresh, "there", 1, 8192, 60);
        long second = failOver(sides.fresh, sides.old, "there", "home", 4);
        assertThat(read(sides.old, "home", 1, 8192)).isEqualTo(60);
        write(sides.old, "home", 1, 12288, 70);
        commit(sides.old, 4, second);
        assertThat(turnRound(sides.fresh, sides.old, "there", "home", 5, THIRD, second))
                .as("what differs is known the second time, too")
                .isEmpty();
        await("the first point there", () -> TwoSides.newest(sides.fresh) > 0);
        copied(sides.old, "home");
        drop(sides.old, SECOND);
        assertThat(sides.old.report().getVolumesList())
                .as("the base went with its journal, when its volume is deleted")
                .extracting(VolumeReport::getVolume)
                .containsExactly("home");

        write(sides.old, "home", 1, 16384, 80);
        long third = failOver(sides.old, sides.fresh, "home", "again", 6);
        assertThat(third).isPositive();
        int[] expected = {5, 50, 60, 70, 80};
        for (int i = 0; i < expected.length; i++) {
            assertThat(read(sides.fresh, "again", 1, i * 4096L))
                    .as("block %d", i)
                    .isEqualTo(expected[i]);
        }
    }

    @Test
    void a_view_is_not_copied_before_its_commit_and_its_journal_stays_until_it_is_copied()
            throws Exception {
        awaitPoint(sides.fresh);
        write(sides.old, DISK, 1, 0, 5);
        long point = failOver(sides.old, sides.fresh, DISK, LIVE, 2);
        assertThatThrownBy(() -> copy(sides.fresh, LIVE, 0)).hasMessageContaining("not committed");
        assertThatThrownBy(() -> drop(sides.fresh, FIRST)).hasMessageContaining("not committed");
        commit(sides.fresh, 2, point);
        copy(sides.fresh, LIVE, 1 << 20);
        assertThatThrownBy(() -> drop(sides.fresh, FIRST)).hasMessageContaining("view");
        assertThatThrownBy(() -> unprotect(sides.fresh)).hasMessageContaining("view");
        sides.fresh.restart(); // in the middle
        assertThat(volume(sides.fresh, LIVE).getHydration().getDoneBytes()).isLessThan(SIZE);
        drop(sides.fresh, SECOND); // that is not here
        copied(sides.fresh, LIVE);
        unprotect(sides.fresh);
        assertThat(home.resolve("fresh/groups/" + GROUP)).doesNotExist();
        sides.fresh.restart();
        assertThat(read(sides.fresh, LIVE, 1, 0)).isEqualTo(5);
        write(sides.fresh, LIVE, 1, 0, 6);
        assertThat(read(sides.fresh, LIVE, 1, 0)).isEqualTo(6);
    }

    /// The process dies when the volumes are told to stand alone and the view is not yet forgotten, or the other way round for one of them.
    @Test
    void a_start_ends_a_view_that_was_ended_half() throws Exception {
        awaitPoint(sides.fresh);
        write(sides.old, DISK, 1, 0, 5);
        long point = failOver(sides.old, sides.fresh, DISK, LIVE, 2);
        commit(sides.fresh, 2, point);
        Path told = home.resolve("fresh/told");
        byte[] view = Files.readAllBytes(told.resolve("view_" + LIVE + "-view"));
        copied(sides.fresh, LIVE);
        sides.fresh.restart(() -> Files.write(told.resolve("view_" + LIVE + "-view"), view));
        assertThat(told.resolve("view_" + LIVE + "-view")).doesNotExist();
        assertThat(volume(sides.fresh, LIVE).getView()).isEmpty();
        assertThat(read(sides.fresh, LIVE, 1, 0)).isEqualTo(5);
        sides.fresh.restart(() -> {
            Files.write(told.resolve("view_" + LIVE + "-view"), view);
            Files.delete(told.resolve("volume_" + LIVE));
        });
        assertThat(told.resolve("view_" + LIVE + "-view")).doesNotExist();
        assertThat(read(sides.fresh, LIVE, 1, 0)).isEqualTo(5);
        assertThat(sides.fresh.report().getReceivers(0).getPinsList()).isEmpty();
    }

    /// Its old node had begun: the volumes are its own again, as they were, and can be adopted anew.
    @Test
    void a_reversal_that_is_given_up_hands_the_old_volumes_back() throws Exception {
        awaitPoint(sides.fresh);
        write(sides.old, DISK, 1, 0, 5);
        long point = failOver(sides.old, sides.fresh, DISK, LIVE, 2);
        commit(sides.fresh, 2, point);
        detach(sides.old, DISK, 2);
        adopt(sides.old, DISK, LIVE, 3, SECOND, point);
        assertThatThrownBy(() -> sides.old.raise(DISK, 3, "n")).hasMessageContaining(DISK);
        handBack(sides.old, THIRD); // another one
        assertThatThrownBy(() -> sides.old.raise(DISK, 3, "n")).hasMessageContaining(DISK);
        handBack(sides.old, SECOND);
        handBack(sides.old, SECOND); // the same again
        assertThat(read(sides.old, DISK, 3, 0)).isEqualTo(5);
        sides.old.restart();
        assertThat(read(sides.old, DISK, 3, 0)).isEqualTo(5);
        assertThat(sides.old.report().getReceiversList()).isEmpty();
        detach(sides.old, DISK, 4);
        adopt(sides.old, DISK, LIVE, 3, THIRD, point);
        var delta = Delta.newBuilder().setPoint(point).setUnknown("it was given up once");
        assertThat(source(sides.old, sides.fresh, LIVE, 3, THIRD, delta)).contains("given up");
        await("the first point", () -> TwoSides.newest(sides.old) > 0);
        awaitPoint(sides.old);
        assertThatThrownBy(() -> handBack(sides.old, THIRD)).hasMessageContaining("its source");
    }

    private static void handBack(TestedStorage node, String lineage) {
        tell(
                node,
                Command.newBuilder()
                        .setDropJournal(
                                DropJournal.newBuilder()
                                        .setGroup(GROUP)
                                        .setLineage(lineage)
                                        .setUnbegun(true)));
    }

    private void copied(TestedStorage node, String volume) throws Exception {
        copy(node, volume, 0);
        await("it stands alone", () -> volume(node, volume).getView().isEmpty());
        await("nothing is held", () -> node.report().getReceivers(0).getPinsList().isEmpty());
    }

    private static VolumeReport volume(TestedStorage node, String volume) {
        return node.report().getVolumesList().stream()
                .filter(each -> each.getVolume().equals(volume))
                .findFirst()
                .orElseThrow();
    }

    private static void copy(TestedStorage node, String volume, long bytesPerSecond) {
        tell(
                node,
                Command.newBuilder()
                        .setHydrateVolume(
                                HydrateVolume.newBuilder()
                                        .setVolume(volume)
                                        .setBytesPerSecond(bytesPerSecond)));
    }

    private static void drop(TestedStorage node, String lineage) {
        tell(
                node,
                Command.newBuilder()
                        .setDropJournal(
                                DropJournal.newBuilder().setGroup(GROUP).setLineage(lineage)));
    }

    private static void unprotect(TestedStorage node) {
        tell(node, Command.newBuilder().setUnprotect(Unprotect.newBuilder().setGroup(GROUP)));
    }

    /// At the newest point of the one that receives.
    private static long failOver(
            TestedStorage from, TestedStorage to, String member, String live, long term)
            throws InterruptedException {
        long point = awaitPoint(to);
        var stop = StopGrants.newBuilder().setGroup(GROUP).setTerm(term);
        tell(to, Command.newBuilder().setStopGrants(stop));
        var release = ReleaseSource.newBuilder().setGroup(GROUP).setTerm(term);
        tell(from, Command.newBuilder().setReleaseSource(release));
        tell(
                to,
                Command.newBuilder()
                        .setOpenView(
                                OpenView.newBuilder()
                                        .setView(live + "-view")
                                        .setGroup(GROUP)
                                        .setCut(point)
                                        .setTerm(term)
                                        .addVolumes(
                                                ViewVolume.newBuilder()
                                                        .setVolume(member)
                                                        .setViewVolume(live)
                                                        .setHolder("machine")
                                                        .setAttachment(attachment(1, "n")))));
        var promote = PromoteReceiver.newBuilder().setGroup(GROUP).setTerm(term);
        tell(to, Command.newBuilder().setPromoteReceiver(promote.setSourceReleased(true)));
        return point;
    }

    private static Attachment attachment(long number, String nonce) {
        return Attachment.newBuilder().setNumber(number).setNonce(nonce).build();
    }

    private static void commit(TestedStorage node, long term, long point) {
        var commit = CommitReceiver.newBuilder().setGroup(GROUP).setTerm(term).setPoint(point);
        tell(node, Command.newBuilder().setCommitReceiver(commit));
    }

    /// @param was  the volume of the old side, which its new journal adopts
    /// @param live the one that is written now
    /// @return why everything is compared
    private static String turnRound(
            TestedStorage old,
            TestedStorage fresh,
            String was,
            String live,
            long term,
            String lineage,
            long point) {
        var ask = TellUnshipped.newBuilder().setGroup(GROUP).setTerm(term - 1).setLimit(1000);
        VolumeDelta unshipped =
                old.carryOut(Command.newBuilder().setTellUnshipped(ask))
                        .getUnshippedTold()
                        .getVolumes(0);
        detach(old, was, 2);
        adopt(old, was, live, term, lineage, point);
        return source(
                old,
                fresh,
                live,
                term,
                lineage,
                Delta.newBuilder()
                        .setPoint(point)
                        .addVolumes(unshipped.toBuilder().setVolume(live)));
    }

    private static void detach(TestedStorage node, String volume, long number) {
        var nobody =
                RaiseAttachment.newBuilder()
                        .setVolume(volume)
                        .setAttachment(attachment(number, "nobody"));
        tell(node, Command.newBuilder().setRaiseAttachment(nobody));
    }

    private static void adopt(
            TestedStorage old, String was, String live, long term, String lineage, long point) {
        tell(
                old,
                Command.newBuilder()
                        .setProtectReceiver(
                                ProtectReceiver.newBuilder()
                                        .setGroup(GROUP)
                                        .setTerm(term)
                                        .setLineage(lineage)
                                        .addSourceNodes("old")
                                        .addSourceNodes("fresh")
                                        .addVolumes(member(live))
                                        .setFork(Fork.newBuilder().setParent(FIRST).setPoint(point))
                                        .addAdopted(
                                                AdoptedVolume.newBuilder()
                                                        .setVolume(live)
                                                        .setHere(was))));
    }

    private static String source(
            TestedStorage receiver,
            TestedStorage node,
            String live,
            long term,
            String lineage,
            Delta.Builder delta) {
        String name = node.name();
        return node.carryOut(
                        Command.newBuilder()
                                .setProtectSource(
                                        ProtectSource.newBuilder()
                                                .setGroup(GROUP)
                                                .setTerm(term)
                                                .setLineage(lineage)
                                                .setSourceNode(name)
                                                .setReceiverAddress(receiver.address())
                                                .setReceiverNode(receiver.name())
                                                .setIntervalMillis(100)
                                                .addVolumes(member(live))
                                                .setDelta(delta)))
                .getSourceProtected()
                .getCompared();
    }

    private static ProtectedVolume member(String volume) {
        return ProtectedVolume.newBuilder().setVolume(volume).setSizeBytes(SIZE).build();
    }
}
