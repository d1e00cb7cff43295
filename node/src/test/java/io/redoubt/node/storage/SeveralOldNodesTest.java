// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import static io.redoubt.node.storage.TwoSides.GROUP;
import static io.redoubt.node.storage.TwoSides.SIZE;
import static io.redoubt.node.storage.TwoSides.awaitPoint;
import static io.redoubt.node.storage.TwoSides.read;
import static io.redoubt.node.storage.TwoSides.shown;
import static io.redoubt.node.storage.TwoSides.tell;
import static io.redoubt.node.storage.TwoSides.write;
import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.protocol.AdoptedVolume;
import io.redoubt.protocol.Attachment;
import io.redoubt.protocol.Command;
import io.redoubt.protocol.CommitReceiver;
import io.redoubt.protocol.Delta;
import io.redoubt.protocol.EnsureVolume;
import io.redoubt.protocol.Fork;
import io.redoubt.protocol.OpenView;
import io.redoubt.protocol.PromoteReceiver;
import io.redoubt.protocol.ProtectReceiver;
import io.redoubt.protocol.ProtectSource;
import io.redoubt.protocol.ProtectedVolume;
import io.redoubt.protocol.RaiseAttachment;
import io.redoubt.protocol.ReleaseSource;
import io.redoubt.protocol.SourcePeer;
import io.redoubt.protocol.StopGrants;
import io.redoubt.protocol.TellUnshipped;
import io.redoubt.protocol.Unprotect;
import io.redoubt.protocol.ViewVolume;
import io.redoubt.protocol.VolumeDelta;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The way back of a group that two nodes wrote: one of them keeps the journal and adopts its own volume, the other one's volume comes whole.
class SeveralOldNodesTest {
    private static final String THERE = "00112233445566778899aabbccddeeff";
    private static final String BACK = "ffeeddccbbaa99887766554433221100";
    private static final Attachment FIRST =
            Attachment.newBuilder().setNumber(1).setNonce("n").build();

    @TempDir private Path home;
    private TestedStorage one;
    private TestedStorage other;
    private TestedStorage fresh;

    @BeforeEach
    void protect() throws Exception {
        var authority = new TestAuthority();
        one = new TestedStorage(home.resolve("one"), authority.node("one"));
        other = new TestedStorage(home.resolve("other"), authority.node("other"));
        fresh = new TestedStorage(home.resolve("fresh"), authority.node("fresh"));
        one.ensure(EnsureVolume.newBuilder().setVolume("one-disk").setSizeBytes(SIZE));
        other.ensure(EnsureVolume.newBuilder().setVolume("other-disk").setSizeBytes(SIZE));
        tell(
                fresh,
                Command.newBuilder()
                        .setProtectReceiver(
                                ProtectReceiver.newBuilder()
                                        .setGroup(GROUP)
                                        .setTerm(1)
                                        .setLineage(THERE)
                                        .setMembership(1)
                                        .addAllSourceNodes(List.of("one", "other"))
                                        .addVolumes(member("one-disk"))
                                        .addVolumes(member("other-disk"))));
        tell(one, source("one", "other", other));
        tell(other, source("other", "one", one));
    }

    @AfterEach
    void stop() throws IOException {
        for (TestedStorage node : List.of(one, other, fresh)) {
            node.close();
        }
    }

    @Test
    void the_volume_of_the_other_node_comes_whole_and_its_old_one_stays_as_it_was()
            throws Exception {
        awaitPoint(fresh);
        write(one, "one-disk", 1, 0, 1);
        write(other, "other-disk", 1, 0, 2);
        long chosen = awaitPoint(fresh);
        write(one, "one-disk", 1, 8192, 3);
        write(other, "other-disk", 1, 8192, 4);
        failOver(chosen);
        write(fresh, "one-live", 1, 4096, 10);
        write(fresh, "other-live", 1, 4096, 20);
        tell(
                fresh,
                Command.newBuilder()
                        .setCommitReceiver(
                                CommitReceiver.newBuilder()
                                        .setGroup(GROUP)
                                        .setTerm(2)
                                        .setPoint(chosen)));
        assertThat(reverse(chosen)).as("nothing has to be compared").isEmpty();

        TwoSides.await("the first point", () -> TwoSides.newest(one) > 0);
        long held = TwoSides.points(one).getFirst().getNumber();
        assertThat(shown(one, "one-live", held, 8192)).as("I15").isEqualTo(3);
        long later = awaitPoint(one);
        assertThat(shown(one, "one-live", later, 0)).isEqualTo(1);
        assertThat(shown(one, "one-live", later, 4096)).isEqualTo(10);
        assertThat(shown(one, "one-live", later, 8192)).as("behind the point").isZero();
        assertThat(shown(one, "other-live", later, 0)).isEqualTo(2);
        assertThat(shown(one, "other-live", later, 4096)).isEqualTo(20);
        assertThat(shown(one, "other-live", later, 8192)).as("behind the point").isZero();

        assertThat(other.report().getSourcesList()).isEmpty();
        assertThat(read(other, "other-disk", 3, 8192)).as("I15, where it was").isEqualTo(4);
        write(other, "other-disk", 3, 0, 99);
        assertThat(read(other, "other-disk", 3, 0)).as("nobody has to grant it").isEqualTo(99);

        other.restart();
        one.restart();
        fresh.restart();
        tell(fresh, back(chosen, VolumeDelta.getDefaultInstance()));
        awaitPoint(one); // its first number is far from the last one
        write(fresh, "other-live", 1, 12288, 30);
        assertThat(shown(one, "other-live", awaitPoint(one), 12288)).isEqualTo(30);
        assertThat(other.report().getSourcesList()).isEmpty();
    }

    private void failOver(long point) {
        tell(
                fresh,
                Command.newBuilder()
                        .setStopGrants(StopGrants.newBuilder().setGroup(GROUP).setTerm(2)));
        for (TestedStorage source : List.of(one, other)) {
            tell(
                    source,
                    Command.newBuilder()
                            .setReleaseSource(
                                    ReleaseSource.newBuilder().setGroup(GROUP).setTerm(2)));
        }
        tell(
                fresh,
                Command.newBuilder()
                        .setOpenView(
                                OpenView.newBuilder()
                                        .setView("live-view")
                                        .setGroup(GROUP)
                                        .setCut(point)
                                        .setTerm(2)
                                        .addVolumes(live("one"))
                                        .addVolumes(live("other"))));
        tell(
                fresh,
                Command.newBuilder()
                        .setPromoteReceiver(
                                PromoteReceiver.newBuilder()
                                        .setGroup(GROUP)
                                        .setTerm(2)
                                        .setSourceReleased(true)));
    }

    /// @return why everything is compared
    private String reverse(long point) {
        VolumeDelta unshipped =
                one
                        .carryOut(
                                Command.newBuilder()
                                        .setTellUnshipped(
                                                TellUnshipped.newBuilder()
                                                        .setGroup(GROUP)
                                                        .setTerm(2)
                                                        .setLimit(1000)))
                        .getUnshippedTold()
                        .getVolumes(0)
                        .toBuilder()
                        .setVolume("one-live")
                        .build();
        tell(
                one,
                Command.newBuilder()
                        .setRaiseAttachment(
                                RaiseAttachment.newBuilder()
                                        .setVolume("one-disk")
                                        .setAttachment(FIRST.toBuilder().setNumber(2))));
        tell(
                one,
                Command.newBuilder()
                        .setProtectReceiver(
                                ProtectReceiver.newBuilder()
                                        .setGroup(GROUP)
                                        .setTerm(3)
                                        .setLineage(BACK)
                                        .setMembership(2)
                                        .addSourceNodes("fresh")
                                        .addVolumes(member("one-live"))
                                        .addVolumes(member("other-live"))
                                        .setFork(Fork.newBuilder().setParent(THERE).setPoint(point))
                                        .addAdopted(
                                                AdoptedVolume.newBuilder()
                                                        .setVolume("one-live")
                                                        .setHere("one-disk"))));
        tell(
                other,
                Command.newBuilder()
                        .setUnprotect(
                                Unprotect.newBuilder()
                                        .setGroup(GROUP)
                                        .setTerm(3)
                                        .setLeftMembership(2)));
        return fresh.carryOut(back(point, unshipped)).getSourceProtected().getCompared();
    }

    private Command.Builder back(long point, VolumeDelta unshipped) {
        return Command.newBuilder()
                .setProtectSource(
                        ProtectSource.newBuilder()
                                .setGroup(GROUP)
                                .setTerm(3)
                                .setLineage(BACK)
                                .setMembership(2)
                                .setSourceNode("fresh")
                                .setReceiverAddress(one.address())
                                .setReceiverNode("one")
                                .setIntervalMillis(100)
                                .addVolumes(member("one-live"))
                                .addVolumes(member("other-live"))
                                .setDelta(
                                        Delta.newBuilder()
                                                .setPoint(point)
                                                .addVolumes(unshipped)
                                                .addWhole("other-live")));
    }

    private Command.Builder source(String name, String peerName, TestedStorage peer) {
        return Command.newBuilder()
                .setProtectSource(
                        ProtectSource.newBuilder()
                                .setGroup(GROUP)
                                .setTerm(1)
                                .setLineage(THERE)
                                .setMembership(1)
                                .setSourceNode(name)
                                .addPeers(
                                        SourcePeer.newBuilder()
                                                .setNode(peerName)
                                                .setAddress(peer.address()))
                                .setReceiverAddress(fresh.address())
                                .setReceiverNode("fresh")
                                .setIntervalMillis(100)
                                .addVolumes(member(name + "-disk")));
    }

    private static ViewVolume live(String name) {
        return ViewVolume.newBuilder()
                .setVolume(name + "-disk")
                .setViewVolume(name + "-live")
                .setHolder("machine")
                .setAttachment(FIRST)
                .build();
    }

    private static ProtectedVolume member(String volume) {
        return ProtectedVolume.newBuilder().setVolume(volume).setSizeBytes(SIZE).build();
    }
}
