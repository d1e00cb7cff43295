// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.system.SystemClock;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.protocol.Attachment;
import io.redoubt.protocol.ByteRange;
import io.redoubt.protocol.ChangesListed;
import io.redoubt.protocol.DatastoreReport;
import io.redoubt.protocol.EnsureDatastore;
import io.redoubt.protocol.EnsurePool;
import io.redoubt.protocol.EnsureVolume;
import io.redoubt.protocol.HydrateVolume;
import io.redoubt.protocol.HydrationState;
import io.redoubt.protocol.ListChanges;
import io.redoubt.protocol.RaiseAttachment;
import io.redoubt.protocol.SnapshotInfo;
import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.nbd.SocketAccess;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Snapshots and clones as commands and reports of a node speak of them: whose room they take, and what a repeated wish does.
class VolumeSnapshotsTest {
    private static final long MEBIBYTE = 1 << 20;
    private static final long TEBIBYTE = 1L << 40;
    private static final int GRAIN = 64 << 10;
    private static final SystemClock CLOCK = new SystemClock();

    @TempDir Path root;
    private Datastores datastores;
    private Volumes volumes;

    @BeforeEach
    void start() {
        var told = new Told(new SystemDisk(root.resolve("told")));
        var pools = new Pools(root.resolve("node"), told);
        datastores = new Datastores(told, pools);
        volumes =
                new Volumes(
                        root.resolve("node"),
                        told,
                        CLOCK,
                        SocketAccess.OWNER,
                        new TemplateImages(root.resolve("cache")),
                        datastores,
                        new Limits(told));
        pools.reopen();
        pools.ensure(
                EnsurePool.newBuilder()
                        .setPool("big")
                        .setPath(root.resolve("pool").toString())
                        .setSparse(true)
                        .build());
        datastores.reopen();
        volumes.reopen();
    }

    @AfterEach
    void stop() {
        volumes.close();
        datastores.close();
    }

    @Test
    void saved_data_takes_room_of_the_datastore_and_gives_it_back() throws Exception {
        datastore(64 * MEBIBYTE);
        HostedVolume thick = volume("thick", 16 * MEBIBYTE, false);
        HostedVolume thin = volume("thin", 16 * MEBIBYTE, true);
        fill(thin.slot(), 0, 8 * MEBIBYTE);
        long free = report().getFreeBytes();
        assertThat(free).isEqualTo(40 * MEBIBYTE);
        var _ = thick.snapshots().create("s", CLOCK);
        var _ = thin.snapshots().create("s", CLOCK);
        assertThat(report().getSnapshotBytes()).isZero();

        fill(thick.slot(), 0, 4 * MEBIBYTE);
        fill(thin.slot(), 0, 2 * MEBIBYTE);

        DatastoreReport now = report();
        assertThat(now.getSnapshotBytes())
                .isGreaterThanOrEqualTo(6 * MEBIBYTE)
                .isLessThan(20 * MEBIBYTE); // whole segments
        assertThat(now.getThickBytes()).isEqualTo(16 * MEBIBYTE);
        assertThat(now.getThinBytes()).isEqualTo(8 * MEBIBYTE);
        assertThat(now.getMayGrowBytes()).isEqualTo(8 * MEBIBYTE);
        assertThat(now.getFreeBytes()).isEqualTo(free - now.getSnapshotBytes());

        stop();
        start();
        assertThat(report()).as("counted again after a restart").isEqualTo(now);
        var _ = volumes.require("thick").snapshots().delete("s");
        var _ = volumes.require("thin").snapshots().delete("s");
        await(() -> report().getFreeBytes() == free);
        assertThat(report().getSnapshotBytes()).isZero();
    }

    @Test
    void a_full_datastore_gives_snapshots_up_and_never_refuses_a_thick_write() {
        datastore(64 * MEBIBYTE);
        HostedVolume one = volume("one", 48 * MEBIBYTE, false);
        var _ = one.snapshots().create("old", CLOCK);
        fill(one.slot(), 0, 6 * MEBIBYTE);
        var _ = one.snapshots().create("new", CLOCK);
        fill(one.slot(), 0, 48 * MEBIBYTE); // three times what is free
        assertThat(one.snapshots().broken()).isEqualTo("old,new");
        assertThat(one.snapshots().list().getSnapshotsList())
                .extracting(SnapshotInfo::getBroken)
                .allMatch(why -> why.contains("full"));
        DatastoreReport now = report();
        assertThat(now.getThickBytes()).isEqualTo(48 * MEBIBYTE);
        assertThat(now.getThickBytes() + now.getSnapshotBytes() + now.getFreeBytes())
                .isEqualTo(64 * MEBIBYTE);
        var _ = one.snapshots().create("again", CLOCK);
        fill(one.slot(), 0, MEBIBYTE);
        assertThat(one.snapshots().broken()).isEqualTo("old,new");
    }

    @Test
    void a_volume_that_grows_has_room_for_the_snapshots_of_its_new_size() {
        datastore(128 * MEBIBYTE);
        HostedVolume one = volume("one", 8 * MEBIBYTE, false);
        HostedVolume grown = volume("one", 32 * MEBIBYTE, false);
        assertThat(grown).isSameAs(one);
        var _ = one.snapshots().create("s", CLOCK);
        fill(one.slot(), 0, 32 * MEBIBYTE);
        assertThat(one.snapshots().broken()).isEmpty();
        assertThat(one.snapshots().usedBytes()).isEqualTo(32 * MEBIBYTE);
    }

    /// The last tenth is for thin volumes, as far as it was promised to them.
    @Test
    void snapshots_leave_a_tenth_to_what_thin_volumes_were_promised() {
        datastore(100 * MEBIBYTE);
        HostedVolume one = volume("one", 60 * MEBIBYTE, false);
        HostedVolume thin = volume("thin", 20 * MEBIBYTE, true);
        var _ = one.snapshots().create("s", CLOCK);
        fill(one.slot(), 0, 20 * MEBIBYTE); // 40 are free, 30 are for snapshots: three segments
        assertThat(one.snapshots().broken()).isEmpty();
        fill(one.slot(), 20 * MEBIBYTE, 10 * MEBIBYTE);
        assertThat(one.snapshots().broken())
                .as("a fourth would fit without the tenth")
                .isEqualTo("s");
        fill(thin.slot(), 0, 10 * MEBIBYTE);
    }

    /// The file of saved data grows by whole segments of 8 MiB: what is free below that is of no use to a revert.
    @Test
    void a_revert_that_would_find_the_datastore_full_is_refused_before_it_begins() {
        datastore(60 * MEBIBYTE);
        HostedVolume one = volume("one", 48 * MEBIBYTE, false);
        var _ = one.snapshots().create("s", CLOCK);
        fill(one.slot(), 0, 6 * MEBIBYTE);
        var _ = one.snapshots().create("t", CLOCK); // a revert to s must save as much again for it
        assertThatThrownBy(() -> one.snapshots().revert("s", one.slot(), 1))
                .hasMessageContaining("must save up to 6291456 bytes");
        assertThat(one.snapshots().reverting()).isFalse();
        fill(one.slot(), 0, GRAIN);
    }

    @Test
    void changes_are_told_in_pieces_that_join_to_the_whole_map() {
        datastore(64 * MEBIBYTE);
        HostedVolume volume = volume("v", 16 * MEBIBYTE, false);
        var _ = volume.snapshots().create("s", CLOCK);
        var expected = new ArrayList<Long>();
        for (int i = 0; i < 20; i++) {
            fill(volume.slot(), (long) i * 3 * GRAIN, 1);
            expected.add((long) i * 3 * GRAIN);
        }
        var told = new ArrayList<Long>();
        long after = 0;
        for (int page = 0; page < 20 && after >= 0; page++) {
            ChangesListed part =
                    volume.snapshots()
                            .changes(
                                    ListChanges.newBuilder()
                                            .setFrom("s")
                                            .setAfter(after)
                                            .setLimit(7)
                                            .build());
            assertThat(part.getChangedBytes()).isEqualTo(20 * GRAIN);
            assertThat(part.getSizeBytes()).isEqualTo(16 * MEBIBYTE);
            assertThat(part.getRangesList()).allMatch(range -> range.getLength() == GRAIN);
            part.getRangesList().stream().map(ByteRange::getOffset).forEach(told::add);
            after = part.getNext();
        }
        assertThat(told).isEqualTo(expected);
    }

    /// An answer that was lost is asked for again; once somebody was attached, the same wish is a new one.
    @Test
    void a_revert_that_is_asked_for_again_is_done_once_until_somebody_was_attached() {
        datastore(64 * MEBIBYTE);
        HostedVolume volume = volume("v", 16 * MEBIBYTE, false);
        var _ = volume.snapshots().create("s", CLOCK);
        fill(volume.slot(), 0, GRAIN);
        assertThat(byteAt(volume, 0)).isEqualTo(1);
        var _ = volume.snapshots().revert("s", volume.slot(), 1);
        assertThat(byteAt(volume, 0)).isZero();
        fill(volume.slot(), 0, GRAIN); // nobody does that: it shows whether it reverts again
        var _ = volume.snapshots().revert("s", volume.slot(), 1);
        assertThat(byteAt(volume, 0)).as("found done").isEqualTo(1);
        var _ = volume.snapshots().revert("s", volume.slot(), 2);
        assertThat(byteAt(volume, 0)).as("a new wish").isZero();
    }

    @Test
    void a_clone_tells_what_it_still_needs_and_after_the_end_that_it_is_complete()
            throws Exception {
        datastore(64 * MEBIBYTE);
        template(4 * MEBIBYTE);
        var clone =
                EnsureVolume.newBuilder()
                        .setVolume("clone")
                        .setDatastore("d")
                        .setSizeBytes(4 * MEBIBYTE)
                        .setTemplate("tiny-test")
                        .build();
        volumes.ensure(clone);
        Hydrations hydrations = volumes.hydrations();
        assertThat(hydrations.has("clone")).isTrue();
        assertThat(hydrations.report("clone").getState())
                .isEqualTo(HydrationState.HYDRATION_STATE_UNSPECIFIED);
        fill(volumes.require("clone").slot(), 0, MEBIBYTE);
        assertThat(hydrations.report("clone").getDoneBytes()).isEqualTo(MEBIBYTE);
        assertThat(hydrations.report("clone").getTotalBytes()).isEqualTo(4 * MEBIBYTE);
        var _ = hydrations.hydrate(HydrateVolume.newBuilder().setVolume("clone").build());
        await(() ->
                volumes.hydrations().report("clone").getState()
                        == HydrationState.HYDRATION_COMPLETE);
        stop();
        start();
        assertThat(volumes.hydrations().has("clone"))
                .as("told again: the last report may have been lost")
                .isTrue();
        assertThat(volumes.hydrations().report("clone").getState())
                .isEqualTo(HydrationState.HYDRATION_COMPLETE);
    }

    /// The maps of a clone are mapped into memory, and a datastore cuts a file of this size short before it deletes it.
    @Test
    void a_clone_is_written_and_read_on_after_its_copying_has_ended() throws Exception {
        datastore(512 * MEBIBYTE);
        template(256 * MEBIBYTE);
        volumes.ensure(
                EnsureVolume.newBuilder()
                        .setVolume("clone")
                        .setDatastore("d")
                        .setSizeBytes(256 * MEBIBYTE)
                        .setTemplate("tiny-test")
                        .setThin(true)
                        .build());
        HostedVolume clone = volumes.require("clone");
        var _ = volumes.hydrations().hydrate(HydrateVolume.newBuilder().setVolume("clone").build());
        await(() ->
                volumes.hydrations().report("clone").getState()
                        == HydrationState.HYDRATION_COMPLETE);
        fill(clone.slot(), 100 * MEBIBYTE, MEBIBYTE);
        clone.slot().flush();
        assertThat(byteAt(clone, 100 * MEBIBYTE)).isEqualTo(1);
        assertThat(byteAt(clone, 200 * MEBIBYTE)).isZero();
    }

    /// Everything that stands between the command and a guest: promise, files, maps, layers, the socket.
    @Test
    void a_clone_of_a_template_of_a_tebibyte_is_served_in_a_tenth_of_a_second() throws Exception {
        datastore(16 * TEBIBYTE);
        template(TEBIBYTE);
        long[] millis = new long[7];
        for (int i = 0; i < millis.length; i++) {
            String id = "clone-" + i;
            var clone =
                    EnsureVolume.newBuilder()
                            .setVolume(id)
                            .setDatastore("d")
                            .setSizeBytes(TEBIBYTE)
                            .setTemplate("tiny-test")
                            .setThin(true)
                            .build();
            long start = System.nanoTime();
            volumes.ensure(clone);
            var raised =
                    volumes.raise(
                            RaiseAttachment.newBuilder()
                                    .setVolume(id)
                                    .setHolder("machine")
                                    .setAttachment(
                                            Attachment.newBuilder().setNumber(1).setNonce("n"))
                                    .build());
            millis[i] = (System.nanoTime() - start) / 1_000_000;
            assertThat(Path.of(raised.getSocket())).exists();
            volumes.delete(id);
        }
        Arrays.sort(millis);
        System.out.println("clone of 1 TiB until it is served, ms: " + Arrays.toString(millis));
        assertThat(millis[0]).as("the best; all: %s", Arrays.toString(millis)).isLessThan(100);
    }

    private void datastore(long size) {
        datastores.ensure(
                EnsureDatastore.newBuilder()
                        .setDatastore("d")
                        .setPool("big")
                        .setSizeBytes(size)
                        .build());
    }

    @Test
    void a_clone_that_is_smaller_than_its_template_is_refused_with_both_sizes_and_leaves_nothing()
            throws Exception {
        datastore(64 * MEBIBYTE);
        template(4 * MEBIBYTE);
        var small =
                EnsureVolume.newBuilder()
                        .setVolume("clone")
                        .setDatastore("d")
                        .setSizeBytes(2 * MEBIBYTE)
                        .setTemplate("tiny-test")
                        .build();
        assertThatThrownBy(() -> volumes.ensure(small))
                .isInstanceOf(FaultException.class)
                .hasMessageContainingAll("2 MiB", "4 MiB");
        assertThat(report().getThickBytes()).isZero();
        volumes.ensure(small.toBuilder().setSizeBytes(4 * MEBIBYTE).build());
    }

    private HostedVolume volume(String id, long size, boolean thin) {
        volumes.ensure(
                EnsureVolume.newBuilder()
                        .setVolume(id)
                        .setDatastore("d")
                        .setSizeBytes(size)
                        .setThin(thin)
                        .build());
        return volumes.require(id);
    }

    private void template(long size) throws IOException {
        Path image = root.resolve("cache/templates/tiny-test/image.raw");
        Files.createDirectories(image.getParent());
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(size);
        }
    }

    private DatastoreReport report() {
        List<DatastoreReport> all = datastores.reports();
        return all.getFirst();
    }

    private static void fill(BlockDevice device, long offset, long length) {
        ByteBuffer ones = ByteBuffer.allocate((int) Math.min(length, MEBIBYTE));
        Arrays.fill(ones.array(), (byte) 1);
        for (long at = offset; at < offset + length; at += ones.capacity()) {
            device.write(at, ones.clear());
        }
    }

    private static int byteAt(HostedVolume volume, long offset) {
        ByteBuffer one = ByteBuffer.allocate(1);
        volume.slot().read(offset, one);
        return one.get(0);
    }

    private static void await(BooleanSupplier check) throws InterruptedException {
        for (int i = 0; i < 1000 && !check.getAsBoolean(); i++) {
            Thread.sleep(10);
        }
        assertThat(check.getAsBoolean()).isTrue();
    }
}
