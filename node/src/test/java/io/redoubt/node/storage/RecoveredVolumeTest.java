// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import static io.redoubt.node.storage.TwoSides.DISK;
import static io.redoubt.node.storage.TwoSides.GROUP;
import static io.redoubt.node.storage.TwoSides.SIZE;
import static io.redoubt.node.storage.TwoSides.await;
import static io.redoubt.node.storage.TwoSides.awaitPoint;
import static io.redoubt.node.storage.TwoSides.read;
import static io.redoubt.node.storage.TwoSides.tell;
import static io.redoubt.node.storage.TwoSides.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.protocol.Command;
import io.redoubt.protocol.DeleteVolume;
import io.redoubt.protocol.EnsureDatastore;
import io.redoubt.protocol.EnsurePool;
import io.redoubt.protocol.EnsureVolume;
import io.redoubt.protocol.HydrateVolume;
import io.redoubt.protocol.HydrationReport;
import io.redoubt.protocol.HydrationState;
import io.redoubt.protocol.JournalOrigin;
import io.redoubt.protocol.PointPin;
import io.redoubt.protocol.Unprotect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Rule 33: one volume of a group, at a point or at any number of the dense window, becomes a volume of its own where its journal is.
class RecoveredVolumeTest {
    private static final String OWN = "recovered";

    @TempDir private Path home;
    private TwoSides sides;

    @BeforeEach
    void start() throws Exception {
        sides = new TwoSides(home);
        tell(
                sides.fresh,
                Command.newBuilder()
                        .setEnsurePool(
                                EnsurePool.newBuilder()
                                        .setPool("pool")
                                        .setSparse(true)
                                        .setPath(home.resolve("pool").toString())));
        tell(
                sides.fresh,
                Command.newBuilder()
                        .setEnsureDatastore(
                                EnsureDatastore.newBuilder()
                                        .setDatastore("store")
                                        .setPool("pool")
                                        .setSizeBytes(3 * SIZE)));
    }

    @AfterEach
    void stop() throws Exception {
        sides.close();
    }

    /// Written with 5, published, then overwritten with 66, the bad write, and published.
    ///
    /// @return the number just before the bad write
    private long beforeTheBadWrite() throws InterruptedException {
        awaitPoint(sides.fresh);
        write(sides.old, DISK, 1, 0, 5);
        write(sides.old, DISK, 1, SIZE - 4096, 15);
        awaitPoint(sides.fresh);
        write(sides.old, DISK, 1, 0, 66);
        awaitPoint(sides.fresh);
        return TwoSides.points(sides.fresh).getLast().getVseqsOrThrow(DISK) - 1;
    }

    @Test
    void a_number_just_before_the_bad_write_becomes_a_volume_that_needs_no_journal()
            throws Exception {
        long number = beforeTheBadWrite();
        recover(JournalOrigin.newBuilder().setVseq(number));
        assertThat(read(sides.fresh, OWN, 1, 0)).as("at once").isEqualTo(5);
        assertThat(pins()).containsExactly(pin().setVolume(DISK).setVseq(number).build());
        write(sides.fresh, OWN, 1, 8192, 7);
        write(sides.old, DISK, 1, 8192, 77);
        awaitPoint(sides.fresh); // points go on
        assertThat(read(sides.fresh, OWN, 1, 8192)).isEqualTo(7);

        recover(JournalOrigin.newBuilder().setVseq(number)); // the same again
        copy(0);
        await("all is copied", () -> state() == HydrationState.HYDRATION_COMPLETE);
        await("nothing is held", () -> pins().isEmpty());
        tell(sides.fresh, Command.newBuilder().setUnprotect(unprotect()));
        sides.fresh.restart();
        assertThat(read(sides.fresh, OWN, 1, 0)).isEqualTo(5);
        assertThat(read(sides.fresh, OWN, 1, 8192)).isEqualTo(7);
        assertThat(read(sides.fresh, OWN, 1, SIZE - 4096)).isEqualTo(15);
    }

    /// I34: what holds the point, and how far it is, survive the process.
    @Test
    void a_restart_in_the_middle_of_the_copying_goes_on() throws Exception {
        long number = beforeTheBadWrite();
        recover(JournalOrigin.newBuilder().setPoint(TwoSides.newest(sides.fresh)));
        copy(2 << 20);
        await("some is copied", () -> report().getDoneBytes() > 1 << 20);
        assertThatThrownBy(() -> tell(sides.fresh, Command.newBuilder().setUnprotect(unprotect())))
                .hasMessageContaining("volume " + OWN);
        sides.fresh.restart();
        assertThat(state()).isEqualTo(HydrationState.HYDRATION_COPYING);
        assertThat(report().getDoneBytes()).isGreaterThan(1 << 20).isLessThan(SIZE);
        assertThat(pins()).hasSize(1);
        assertThat(read(sides.fresh, OWN, 1, 0)).isEqualTo(66);
        copy(0);
        await("all is copied", () -> state() == HydrationState.HYDRATION_COMPLETE);
        await("nothing is held", () -> pins().isEmpty());
        sides.fresh.restart();
        assertThat(read(sides.fresh, OWN, 1, 0)).isEqualTo(66);
        assertThat(read(sides.fresh, OWN, 1, SIZE - 4096)).isEqualTo(15);
        assertThat(number).isPositive();
    }

    @Test
    void what_cannot_be_shown_is_refused_with_the_reason_and_leaves_nothing() throws Exception {
        beforeTheBadWrite();
        long newest = TwoSides.points(sides.fresh).getLast().getVseqsOrThrow(DISK);
        assertThatThrownBy(() -> recover(JournalOrigin.newBuilder().setVseq(newest + 1_000_000)))
                .hasMessageContaining("it can be at each write from")
                .hasMessageContaining("to ");
        assertThatThrownBy(() -> recover(JournalOrigin.newBuilder().setPoint(99_999)))
                .hasMessageContaining("Recovery point 99999 is not kept");
        assertThatThrownBy(
                        () -> recover(JournalOrigin.newBuilder().setPoint(1).setVolume("another")))
                .hasMessageContaining("holds no volume another");
        assertThatThrownBy(() -> recover(OWN, JournalOrigin.newBuilder().setVseq(newest), SIZE / 2))
                .as("refused when it is held already")
                .hasMessageContaining("has " + SIZE + " bytes");
        assertThat(pins()).isEmpty();
        assertThat(room()).isZero();
        recover("first", JournalOrigin.newBuilder().setVseq(newest), SIZE);
        recover("second", JournalOrigin.newBuilder().setVseq(newest), SIZE);
        recover("third", JournalOrigin.newBuilder().setVseq(newest), SIZE);
        assertThatThrownBy(
                        () -> recover("fourth", JournalOrigin.newBuilder().setVseq(newest), SIZE))
                .hasMessageContaining("free");
        assertThat(pins()).hasSize(3);
    }

    @Test
    void a_volume_that_is_deleted_before_all_is_copied_releases_everything() throws Exception {
        long number = beforeTheBadWrite();
        recover(JournalOrigin.newBuilder().setVseq(number));
        copy(1 << 20);
        assertThat(room()).isEqualTo(SIZE);
        tell(
                sides.fresh,
                Command.newBuilder().setDeleteVolume(DeleteVolume.newBuilder().setVolume(OWN)));
        assertThat(pins()).isEmpty();
        assertThat(room()).isZero();
        sides.fresh.restart();
        assertThat(pins()).isEmpty();
        assertThat(sides.fresh.report().getVolumesList()).isEmpty();
        tell(sides.fresh, Command.newBuilder().setUnprotect(unprotect()));
    }

    /// A journal that lost its manifest, or its key.
    @Test
    void a_journal_that_is_not_open_says_why() throws Exception {
        beforeTheBadWrite();
        sides.fresh.restart(
                () -> Files.writeString(home.resolve("fresh/groups/" + GROUP + "/manifest"), "x"));
        assertThatThrownBy(() -> recover(JournalOrigin.newBuilder().setPoint(1)))
                .hasMessageContaining("is not open on this node")
                .hasMessageContaining("manifest");
    }

    private void recover(JournalOrigin.Builder origin) {
        recover(OWN, origin, SIZE);
    }

    private void recover(String volume, JournalOrigin.Builder origin, long bytes) {
        if (origin.getVolume().isEmpty()) {
            origin.setVolume(DISK);
        }
        sides.fresh.ensure(
                EnsureVolume.newBuilder()
                        .setVolume(volume)
                        .setSizeBytes(bytes)
                        .setDatastore("store")
                        .setOrigin(origin.setGroup(GROUP)));
    }

    private void copy(long bytesPerSecond) {
        tell(
                sides.fresh,
                Command.newBuilder()
                        .setHydrateVolume(
                                HydrateVolume.newBuilder()
                                        .setVolume(OWN)
                                        .setBytesPerSecond(bytesPerSecond)));
    }

    private static Unprotect.Builder unprotect() {
        return Unprotect.newBuilder().setGroup(GROUP).setTerm(1);
    }

    private HydrationReport report() {
        return sides.fresh.report().getVolumesList().stream()
                .filter(volume -> volume.getVolume().equals(OWN))
                .findFirst()
                .orElseThrow()
                .getHydration();
    }

    private HydrationState state() {
        return report().getState();
    }

    private List<PointPin> pins() {
        return sides.fresh.report().getReceivers(0).getPinsList();
    }

    private static PointPin.Builder pin() {
        return PointPin.newBuilder().setOwner("volume " + OWN);
    }

    /// Promised to thick volumes.
    private long room() {
        return sides.fresh.report().getDatastoresList().getFirst().getThickBytes();
    }
}
