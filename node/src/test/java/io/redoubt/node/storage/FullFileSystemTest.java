// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.Bytes;
import io.redoubt.core.DatastoreId;
import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.protocol.EnsureVolume;
import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.block.RawVolume;
import io.redoubt.storage.block.VolumeFault;
import io.redoubt.storage.nbd.NbdClient;
import io.redoubt.storage.pool.Allotment;
import io.redoubt.storage.pool.Datastore;
import io.redoubt.storage.pool.PoolFault;
import io.redoubt.storage.pool.RoomRules;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What was ordered is present, also when something else fills the file system.
class FullFileSystemTest {
    private static final DatastoreId ID = new DatastoreId("ds-1");
    private static final VolumeId THICK = new VolumeId("thick");
    private static final VolumeId THIN = new VolumeId("thin");
    private static final Bytes SIZE = Bytes.mebibytes(256);
    private static final Bytes HALF = Bytes.mebibytes(128);

    private FixedFileSystem files;

    FullFileSystemTest() throws Exception {
        Assumptions.assumeTrue(FixedFileSystem.possible(), "mounting a file system needs root");
        files = new FixedFileSystem(600L << 20);
    }

    @BeforeEach
    void itIsThere() {
        assertThat(files.path()).isDirectory();
    }

    @AfterEach
    void unmount() throws Exception {
        files.unmount();
    }

    @Test
    void ten_reserved_are_ten_present_while_something_else_fills_the_file_system() {
        Datastore datastore = create();
        assertThat(datastore.room().reserve())
                .isEqualTo(Datastore.needs(SIZE, RoomRules.DEFAULT).value());
        files.fill();
        RawVolume thick = thick(datastore);
        try (RawVolume thin = thin(datastore)) {
            assertThat(datastore.room().thick()).isEqualTo(HALF.value());
            assertThat(datastore.room().free()).isEqualTo(HALF.value());
            fill(thick, 0, HALF.value());
            fill(thin, 0, HALF.value());
            thin.flush();
            thick.flush();
            assertThat(datastore.room().free()).isZero();
            assertThat(datastore.room().thin()).isEqualTo(HALF.value());
            assertThat(datastore.room().missing()).isZero();

            assertThatThrownBy(() ->
                            datastore.allot(
                                    new VolumeId("more"), new Allotment(Bytes.mebibytes(1), false)))
                    .isInstanceOfSatisfying(
                            FaultException.class,
                            e -> assertThat(e.fault()).isInstanceOf(PoolFault.NoRoom.class));
            fill(thick, 0, HALF.value()); // a full datastore never refuses what is there

            thin.trim(0, HALF.value() / 2);
            assertThat(datastore.room().free()).isEqualTo(HALF.value() / 2);
            assertThat(datastore.room().missing()).isZero();
            thick.close();
            datastore.release(THICK);
            assertThat(datastore.room().free()).isEqualTo(HALF.value() * 3 / 2);
            assertThat(datastore.room().missing()).isZero();
        }
        datastore.close();
        Datastore again = open();
        assertThat(again.room().free()).isEqualTo(HALF.value() * 3 / 2);
        assertThat(again.room().missing()).isZero();
        again.close();
    }

    @Test
    void a_thin_write_without_room_is_refused_alone_and_goes_on_once_the_datastore_has_grown() {
        Datastore datastore = create();
        try (RawVolume thick = thick(datastore);
                RawVolume thin = thin(datastore, SIZE)) {
            fill(thin, 0, HALF.value());
            assertThat(datastore.hasRoom()).isFalse();
            assertThatThrownBy(() -> fill(thin, HALF.value(), 1 << 20))
                    .isInstanceOfSatisfying(
                            FaultException.class,
                            e -> assertThat(e.fault()).isInstanceOf(VolumeFault.Full.class));
            fill(thin, 0, 1 << 20);
            fill(thick, 0, 1 << 20);
            assertThat(datastore.room().thin()).isEqualTo(HALF.value());

            datastore.resize(new Bytes(SIZE.value() + (64 << 20)));
            assertThat(datastore.hasRoom()).isTrue();
            fill(thin, HALF.value(), 64 << 20);
            assertThat(datastore.room().free()).isZero();
        }
        datastore.close();
        Datastore again = open();
        try (RawVolume thin = RawVolume.openThin(again.disk(THIN), THIN)) {
            fill(thin, 0, HALF.value()); // what was there before the start is found there
            assertThat(again.room().free()).isZero();
            assertThatThrownBy(() -> fill(thin, HALF.value() + (64 << 20), 4096))
                    .isInstanceOf(FaultException.class);
        }
        again.close();
    }

    /// On a file system that is full besides, room that changes hands is nobody's for a moment, a slice at a time.
    @Test
    void what_somebody_grabs_while_room_changes_hands_is_reported_and_taken_back()
            throws Exception {
        Datastore datastore = create();
        files.fill();
        var stop = new AtomicBoolean();
        Thread stranger =
                Thread.ofPlatform()
                        .start(() -> {
                            while (!stop.get()) {
                                files.fill();
                            }
                        });
        try (RawVolume thick = thick(datastore)) {
            fill(thick, 0, HALF.value());
        } catch (FaultException e) {
            assertThat(e.fault().message()).contains("full"); // the stranger was quicker
        }
        datastore.release(THICK);
        stop.set(true);
        stranger.join();
        assertThat(datastore.volumes()).isEmpty();
        assertThat(datastore.room().missing())
                .isLessThanOrEqualTo(HALF.value() + 2 * RoomRules.DEFAULT.slice());
        assertThat(datastore.room().free()).isEqualTo(SIZE.value());
        files.strangerLeaves();
        datastore.mend();
        assertThat(datastore.room().missing()).isZero();
        assertThat(datastore.room().reserve())
                .isGreaterThanOrEqualTo(Datastore.needs(SIZE, RoomRules.DEFAULT).value());
        datastore.close();
    }

    /// A volume outside a datastore finds out when it grows. What was refused is not tried again at each start.
    @Test
    void a_growth_that_finds_the_file_system_full_leaves_the_volume_as_it_was_also_after_a_restart()
            throws Exception {
        EnsureVolume.Builder volume =
                EnsureVolume.newBuilder().setVolume("v").setSizeBytes(HALF.value());
        try (var storage = new TestedStorage(files.path())) {
            storage.ensure(volume);
            var larger = volume.clone().setSizeBytes(4 * SIZE.value());
            assertThatThrownBy(() -> storage.ensure(larger))
                    .isInstanceOfSatisfying(
                            FaultException.class,
                            e -> assertThat(e.fault().message()).contains("full"));
            assertThat(size(storage)).isEqualTo(HALF.value());
            storage.restart();
            assertThat(size(storage)).isEqualTo(HALF.value());
            storage.ensure(volume.clone().setSizeBytes(SIZE.value()));
            assertThat(size(storage)).isEqualTo(SIZE.value());
        }
    }

    private static long size(TestedStorage storage) {
        try (NbdClient client = TestedStorage.connect(storage.raise("v", 1, "n"))) {
            return client.size();
        }
    }

    private Datastore create() {
        Path directory = files.path().resolve("ds");
        return Datastore.create(
                new SystemDisk(directory),
                new SystemDirectories(directory),
                ID,
                SIZE,
                false,
                RoomRules.DEFAULT);
    }

    private Datastore open() {
        Path directory = files.path().resolve("ds");
        return Datastore.open(
                new SystemDisk(directory), new SystemDirectories(directory), ID, RoomRules.DEFAULT);
    }

    private static RawVolume thick(Datastore datastore) {
        datastore.allot(THICK, new Allotment(HALF, false));
        return RawVolume.create(datastore.disk(THICK), THICK, HALF);
    }

    private static RawVolume thin(Datastore datastore) {
        return thin(datastore, HALF);
    }

    private static RawVolume thin(Datastore datastore, Bytes size) {
        datastore.allot(THIN, new Allotment(size, true));
        return RawVolume.createThin(datastore.disk(THIN), THIN, size);
    }

    private static void fill(BlockDevice device, long from, long length) {
        ByteBuffer piece = ByteBuffer.allocateDirect(1 << 20);
        while (piece.hasRemaining()) {
            piece.put((byte) (piece.position() * 31));
        }
        for (long at = from; at < from + length; at += piece.capacity()) {
            piece.clear().limit((int) Math.min(piece.capacity(), from + length - at));
            device.write(at, piece);
        }
    }
}
