// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.Fault;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFault;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.block.BlockDeviceContract;
import io.redoubt.storage.block.BlockImage;
import io.redoubt.storage.block.ChangeMap;
import io.redoubt.storage.block.ForwardingDevice;
import io.redoubt.storage.block.RawVolume;
import io.redoubt.storage.block.VolumeFault;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotDeviceTest extends BlockDeviceContract {
    private static final VolumeId ID = new VolumeId("vol-7");
    private static final int GRAIN = SnapshotDevice.GRAIN;

    @TempDir Path root;
    private final AtomicInteger count = new AtomicInteger();
    private final List<Snapshot> broken = new ArrayList<>();

    /// A device with two snapshots, so that every write of the contract saves.
    @Override
    protected BlockDevice make(byte[] content) {
        SnapshotDevice device = device(newDisk(), content, SnapshotRoom.UNLIMITED);
        device.create("one", 1);
        device.create("two", 2);
        return device;
    }

    @Test
    void a_snapshot_shows_what_was_there_whatever_is_written_later() {
        byte[] content = random(1);
        try (SnapshotDevice device = device(newDisk(), content, SnapshotRoom.UNLIMITED)) {
            Snapshot first = device.create("first", 1);
            device.write(100, ByteBuffer.wrap(new byte[GRAIN]));
            byte[] between = all(device);
            Snapshot second = device.create("second", 2);
            device.zero(0, SIZE);
            assertThat(all(device.image(first.number()))).isEqualTo(content);
            assertThat(all(device.image(second.number()))).isEqualTo(between);
            assertThat(all(device)).isEqualTo(new byte[SIZE]);
        }
    }

    @Test
    void a_revert_goes_to_any_snapshot_and_keeps_the_others() {
        byte[] content = random(1);
        try (SnapshotDevice device = device(newDisk(), content, SnapshotRoom.UNLIMITED)) {
            Snapshot first = device.create("first", 1);
            device.write(3 * GRAIN, ByteBuffer.wrap(new byte[2 * GRAIN]));
            byte[] between = all(device);
            Snapshot second = device.create("second", 2);
            device.write(0, ByteBuffer.wrap(new byte[GRAIN]));
            device.revert(first.number(), device);
            assertThat(all(device)).isEqualTo(content);
            assertThat(all(device.image(second.number()))).isEqualTo(between);
            Snapshot third = device.create("third", 3);
            assertThat(third.parent()).as("the tree").isEqualTo(first.number());
            assertThat(second.parent()).isEqualTo(first.number());
            device.revert(second.number(), device);
            assertThat(all(device)).isEqualTo(between);
            assertThat(all(device.image(third.number()))).isEqualTo(content);
        }
    }

    /// A volume grows under its clients; its snapshots stay as large as they were.
    @Test
    void a_write_across_the_end_that_a_snapshot_knows_passes_once_the_volume_has_grown() {
        SystemDisk disk = newDisk();
        int grain = 512;
        RawVolume raw = RawVolume.create(disk, ID, new Bytes(64L * grain));
        var options =
                new SnapshotDevice.Options(SnapshotRoom.UNLIMITED, Runnable::run, broken::add);
        try (SnapshotDevice device = SnapshotDevice.open(disk, ID, raw, options, grain)) {
            Snapshot before = device.create("before", 1);
            raw.grow(new Bytes(128L * grain));
            byte[] sevens = new byte[4 * grain];
            Arrays.fill(sevens, (byte) 7);
            device.write(63L * grain, ByteBuffer.wrap(sevens));
            byte[] shown = new byte[4 * grain];
            device.read(63L * grain, ByteBuffer.wrap(shown));
            assertThat(shown).isEqualTo(sevens);
            byte[] then = new byte[64 * grain];
            device.image(before.number()).read(0, ByteBuffer.wrap(then));
            assertThat(then).containsOnly(0);
            assertThat(device.usage().used()).as("of one grain").isEqualTo(grain);
        }
    }

    @Test
    void a_deleted_snapshot_gives_its_room_back_and_leaves_the_others_whole() {
        byte[] content = random(1);
        try (SnapshotDevice device = device(newDisk(), content, SnapshotRoom.UNLIMITED)) {
            Snapshot first = device.create("first", 1);
            device.write(0, ByteBuffer.wrap(new byte[GRAIN]));
            Snapshot second = device.create("second", 2);
            device.write(0, ByteBuffer.wrap(random(2), 0, 2 * GRAIN));
            assertThat(device.usage().used()).isEqualTo(3L * GRAIN);
            assertThat(device.ownBytes()).containsExactly(GRAIN, GRAIN); // grain 1 serves both
            device.delete(second.number());
            assertThat(device.usage().used()).isEqualTo(2L * GRAIN);
            assertThat(all(device.image(first.number()))).isEqualTo(content);
            assertThat(fault(() -> device.image(second.number())))
                    .isInstanceOf(SnapshotFault.Unknown.class);
            device.delete(first.number());
            assertThat(device.usage().held()).isZero();
        }
    }

    @Test
    void what_a_snapshot_has_saved_is_not_saved_again_for_an_older_one_when_it_is_deleted() {
        var disk = new CountingDisk(newDisk());
        try (SnapshotDevice device = device(disk, random(1), SnapshotRoom.UNLIMITED)) {
            device.create("first", 1);
            Snapshot second = device.create("second", 2);
            device.write(0, ByteBuffer.allocate(1));
            device.delete(second.number());
            long before = disk.calls.get();
            device.write(0, ByteBuffer.allocate(1));
            assertThat(disk.calls.get() - before).as("the write alone").isEqualTo(1);
        }
    }

    @Test
    void a_first_write_costs_the_same_with_one_snapshot_and_with_a_hundred() {
        long[] costs = new long[2];
        for (int i = 0; i < 2; i++) {
            var disk = new CountingDisk(newDisk());
            try (SnapshotDevice device = device(disk, random(1), SnapshotRoom.UNLIMITED)) {
                for (int n = 0; n < (i == 0 ? 1 : 100); n++) {
                    device.create("s" + n, n);
                    device.write(0, ByteBuffer.allocate(1)); // the store has grown already
                }
                long before = disk.calls.get();
                device.write(5 * GRAIN, ByteBuffer.allocate(1));
                costs[i] = disk.calls.get() - before;
                before = disk.calls.get();
                device.write(5 * GRAIN + 77, ByteBuffer.allocate(1));
                assertThat(disk.calls.get() - before).as("a later write").isEqualTo(1);
            }
        }
        // read the grain, write it and its entry, sync, write
        assertThat(costs).containsExactly(5, 5);
    }

    @Test
    void a_full_store_breaks_the_oldest_snapshot_and_not_the_guests_write() {
        byte[] content = new byte[160 * GRAIN];
        var room = SnapshotRoom.of(new Bytes(segment()), SnapshotRoom.WhenFull.BREAK_OLDEST);
        try (SnapshotDevice device = device(newDisk(), content, room)) {
            Snapshot first = device.create("first", 1);
            device.zero(0, 100L * GRAIN);
            Snapshot second = device.create("second", 2);
            byte[] now = all(device);
            device.zero(0, 50L * GRAIN); // 128 slots: 28 are free
            assertThat(broken).extracting(Snapshot::name).containsExactly("first");
            assertThat(fault(() -> device.image(first.number())))
                    .isInstanceOf(SnapshotFault.Broken.class);
            assertThat(all(device.image(second.number()))).isEqualTo(now);
            device.zero(0, 160L * GRAIN); // more than the whole store
            assertThat(broken).extracting(Snapshot::name).containsExactly("first", "second");
            assertThat(device.list()).noneMatch(Snapshot::kept);
            assertThat(device.usage().held()).isLessThanOrEqualTo(segment());
            Snapshot third = device.create("third", 3);
            device.write(0, ByteBuffer.wrap(new byte[] {1}));
            assertThat(all(device.image(third.number()))).isEqualTo(content);
        }
    }

    @Test
    void a_class_may_rather_refuse_writes_than_break_a_snapshot() {
        byte[] content = new byte[130 * GRAIN];
        var room = SnapshotRoom.of(new Bytes(segment()), SnapshotRoom.WhenFull.REFUSE_WRITES);
        try (SnapshotDevice device = device(newDisk(), content, room)) {
            Snapshot first = device.create("first", 1);
            device.zero(0, 128L * GRAIN);
            assertThat(fault(() -> device.write(128L * GRAIN, ByteBuffer.allocate(1))))
                    .isInstanceOf(VolumeFault.Full.class);
            device.write(0, ByteBuffer.wrap(new byte[] {1})); // saved already
            assertThat(all(device.image(first.number()))).isEqualTo(content);
            device.delete(first.number());
            device.write(128L * GRAIN, ByteBuffer.allocate(1));
        }
    }

    @Test
    void a_revert_without_room_for_what_it_overwrites_is_refused_before_it_begins() {
        byte[] content = new byte[100 * GRAIN];
        var room = SnapshotRoom.of(new Bytes(segment()), SnapshotRoom.WhenFull.BREAK_OLDEST);
        try (SnapshotDevice device = device(newDisk(), content, room)) {
            Snapshot first = device.create("first", 1);
            device.zero(0, 100L * GRAIN);
            device.create("second", 2);
            assertThat(fault(() -> device.revert(first.number(), device)))
                    .isEqualTo(new SnapshotFault.NoRoom(ID, "first", 100L * GRAIN, 28L * GRAIN));
            assertThat(device.reverting()).isEmpty();
            device.write(0, ByteBuffer.allocate(1));
        }
    }

    @Test
    void a_store_that_cannot_be_synced_breaks_all_snapshots_and_not_the_guests_write() {
        var disk = new CountingDisk(newDisk());
        try (SnapshotDevice device = device(disk, random(1), SnapshotRoom.UNLIMITED)) {
            Snapshot first = device.create("first", 1);
            var fails = new AtomicInteger(1);
            disk.beforeSync =
                    () -> {
                        if (fails.getAndDecrement() > 0) {
                            throw new FaultException(
                                    new DiskFault.Failed("snapshots.raw", "sync", "EIO"));
                        }
                    };
            device.write(0, ByteBuffer.wrap(new byte[] {42}));
            assertThat(all(device)[0]).isEqualTo((byte) 42);
            assertThat(broken).extracting(Snapshot::name).containsExactly("first");
            assertThat(device.list().getFirst().state()).isEqualTo(Snapshot.State.STORE_FAILED);
            assertThat(fault(() -> device.image(first.number())))
                    .isInstanceOf(SnapshotFault.Broken.class);
        }
    }

    @Test
    void a_grain_that_cannot_be_read_can_be_overwritten_and_the_snapshot_says_so() {
        SystemDisk disk = newDisk();
        var damaged =
                new ForwardingDevice(raw(disk, random(1))) {
                    @Override
                    public void read(long offset, ByteBuffer into) {
                        if (offset < GRAIN) {
                            throw new FaultException(new VolumeFault.Damaged(ID, offset, "test"));
                        }
                        super.read(offset, into);
                    }
                };
        try (SnapshotDevice device = SnapshotDevice.open(disk, ID, damaged, options())) {
            Snapshot first = device.create("first", 1);
            device.write(0, ByteBuffer.wrap(new byte[] {42}));
            assertThat(fault(() -> device.image(first.number()).read(5, ByteBuffer.allocate(1))))
                    .isInstanceOf(VolumeFault.Damaged.class);
        }
    }

    /// Between the look into the index and the read of the volume, the grain is saved and overwritten: a second look sees it.
    @Test
    void a_grain_overwritten_while_a_snapshot_reads_it_is_read_from_where_it_was_saved() {
        byte[] content = random(1);
        var hook = new HookedDevice(raw(newDisk(), content));
        try (SnapshotDevice device = SnapshotDevice.open(newDisk(), ID, hook, options())) {
            BlockImage image = device.image(device.create("first", 1).number());
            hook.beforeRead = () -> device.write(0, ByteBuffer.wrap(random(2), 0, GRAIN));
            ByteBuffer shown = ByteBuffer.allocate(GRAIN);
            image.read(0, shown);
            assertThat(shown.array()).isEqualTo(Arrays.copyOf(content, GRAIN));
            assertThat(hook.beforeRead).as("it happened").isNull();
        }
    }

    /// A deleted snapshot saves nothing any more, so what was read from the volume may be newer.
    @Test
    void a_snapshot_deleted_while_it_is_read_is_a_fault_and_never_newer_bytes() {
        var hook = new HookedDevice(raw(newDisk(), random(1)));
        try (SnapshotDevice device = SnapshotDevice.open(newDisk(), ID, hook, options())) {
            long number = device.create("first", 1).number();
            BlockImage image = device.image(number);
            hook.beforeRead =
                    () -> {
                        device.delete(number);
                        device.write(0, ByteBuffer.wrap(random(2), 0, GRAIN));
                    };
            assertThat(fault(() -> image.read(0, ByteBuffer.allocate(GRAIN))))
                    .isInstanceOf(SnapshotFault.Unknown.class);
        }
    }

    /// Does something once, before a read of the volume.
    private static final class HookedDevice extends ForwardingDevice {
        private @Nullable Runnable beforeRead;

        HookedDevice(BlockDevice next) {
            super(next);
        }

        @Override
        public void read(long offset, ByteBuffer into) {
            Runnable hook = beforeRead;
            beforeRead = null;
            if (hook != null) {
                hook.run();
            }
            super.read(offset, into);
        }
    }

    @Test
    void the_map_from_a_snapshot_to_now_is_the_same_piece_by_piece_and_ends_with_the_snapshot() {
        var random = new SplittableRandom(3);
        try (SnapshotDevice device = device(newDisk(), random(1), SnapshotRoom.UNLIMITED)) {
            long number = device.create("first", 1).number();
            ChangeMap since = device.writtenSince(number);
            for (int i = 0; i < 20; i++) {
                device.write(random.nextInt(SIZE - 100), ByteBuffer.allocate(100));
                ChangedGrains whole = device.changes(number, 0);
                int from = random.nextInt(SIZE - 1);
                int length = random.nextInt(1, SIZE - from);
                assertThat(runs(since, from, length)).isEqualTo(runs(whole, from, length));
                for (int at = 0; at < SIZE; at += GRAIN) {
                    assertThat(runs(since, at, 1)).containsExactly("1" + whole.changed(at));
                }
            }
            device.delete(number);
            assertThat(fault(() -> since.changes(0, SIZE, (_, _) -> true)))
                    .isInstanceOf(SnapshotFault.Unknown.class);
        }
    }

    private static List<String> runs(ChangeMap map, long offset, long length) {
        var runs = new ArrayList<String>();
        map.changes(offset, length, (bytes, changed) -> runs.add(bytes + "" + changed));
        return runs;
    }

    @Test
    void a_turned_bit_in_the_saved_data_is_a_fault_and_never_other_bytes() throws Exception {
        SystemDisk disk = newDisk();
        try (SnapshotDevice device = device(disk, random(1), SnapshotRoom.UNLIMITED)) {
            Snapshot first = device.create("first", 1);
            device.write(0, ByteBuffer.wrap(new byte[] {42}));
            Path file = disk.directory().resolve("snapshots.raw");
            try (var bytes = new java.io.RandomAccessFile(file.toFile(), "rw")) {
                bytes.seek(GrainStore.PAGE + 1000);
                int old = bytes.read();
                bytes.seek(GrainStore.PAGE + 1000);
                bytes.write(old ^ 4);
            }
            assertThat(fault(() -> device.image(first.number()).read(5, ByteBuffer.allocate(1))))
                    .isInstanceOf(VolumeFault.Damaged.class);
        }
    }

    @Test
    void a_reopened_volume_has_its_snapshots() {
        SystemDisk disk = newDisk();
        byte[] content = random(1);
        try (SnapshotDevice device = device(disk, content, SnapshotRoom.UNLIMITED)) {
            device.create("first", 17);
            device.write(0, ByteBuffer.wrap(new byte[] {1, 2, 3}));
        }
        try (SnapshotDevice device =
                SnapshotDevice.open(disk, ID, RawVolume.open(disk, ID), options())) {
            Snapshot first = device.find("first").orElseThrow();
            assertThat(first.createdMillis()).isEqualTo(17);
            assertThat(all(device.image(first.number()))).isEqualTo(content);
            assertThat(fault(() -> device.create("first", 1)))
                    .isInstanceOf(SnapshotFault.Exists.class);
        }
    }

    /// Writes at random, brute force against the map: outside of it nothing differs, and nothing is in it that was not written.
    @Test
    void the_map_between_any_two_snapshots_covers_what_differs_and_nothing_that_was_not_written() {
        var random = new SplittableRandom(7);
        try (SnapshotDevice device = device(newDisk(), random(1), SnapshotRoom.UNLIMITED)) {
            var contents = new ArrayList<byte[]>();
            var written = new ArrayList<boolean[]>(); // since the snapshot of that index
            for (int n = 0; n < 6; n++) {
                device.create("s" + n, n);
                contents.add(all(device));
                written.add(new boolean[SIZE / GRAIN]);
                for (int i = 0; i < 4; i++) {
                    int at = random.nextInt(SIZE - 5000);
                    device.write(at, ByteBuffer.wrap(random(i), 0, 5000));
                    written.getLast()[at / GRAIN] = true;
                    written.getLast()[(at + 4999) / GRAIN] = true;
                }
            }
            device.delete(device.find("s3").orElseThrow().number());
            contents.add(all(device));
            for (int a = 0; a < 6; a++) {
                for (int b = a + 1; b <= 6; b++) {
                    if (a != 3 && b != 3) {
                        compare(device, a, b, contents, written);
                    }
                }
            }
        }
    }

    private static void compare(
            SnapshotDevice device, int a, int b, List<byte[]> contents, List<boolean[]> written) {
        long to = b == 6 ? 0 : device.find("s" + b).orElseThrow().number();
        ChangedGrains map = device.changes(device.find("s" + a).orElseThrow().number(), to);
        for (int grain = 0; grain < SIZE / GRAIN; grain++) {
            int at = grain * GRAIN;
            boolean wrote = false;
            for (int n = a; n < b; n++) {
                wrote |= written.get(n)[grain];
            }
            boolean differs =
                    !Arrays.equals(
                            contents.get(a), at, at + GRAIN, contents.get(b), at, at + GRAIN);
            assertThat(map.changed(at)).as("s%d to s%d, grain %d", a, b, grain).isEqualTo(wrote);
            assertThat(wrote || !differs).isTrue();
        }
    }

    /// The dumps in docs/formats/volume.md.
    @Test
    void the_files_have_the_documented_bytes() throws Exception {
        SystemDisk disk = newDisk();
        try (SnapshotDevice device = device(disk, new byte[2 * GRAIN], SnapshotRoom.UNLIMITED)) {
            device.create("before", 1_000);
            device.write(GRAIN, ByteBuffer.wrap(new byte[] {1}));
        }
        byte[] table = Files.readAllBytes(disk.directory().resolve("snapshots.meta"));
        assertThat(HexFormat.of().formatHex(table)).isEqualTo(TABLE);
        byte[] grains = Files.readAllBytes(disk.directory().resolve("snapshots.raw"));
        assertThat(grains).hasSize((int) segment());
        assertThat(HexFormat.of().formatHex(grains, 0, 64)).isEqualTo(ENTRIES);
    }

    private static final String TABLE =
            "52444254534e503101000000500000000500766f6c2d370000010002000000000000000100000000000000000000000000000001"
                    + "00000001000000000000000000000000000000e80300000000000000000200000000000006006265666f7265b05d58ac";
    private static final String ENTRIES =
            "010000000000000001000000000000000100000000000000a4c4c07210c8a2eb"
                    + "0000000000000000000000000000000000000000000000000000000000000000";

    private static long segment() {
        return GrainStore.PAGE + (long) GrainStore.SLOTS * GRAIN;
    }

    private SnapshotDevice device(Disk disk, byte[] content, SnapshotRoom room) {
        return SnapshotDevice.open(disk, ID, raw(disk, content), options(room));
    }

    private static RawVolume raw(Disk disk, byte[] content) {
        RawVolume raw = RawVolume.create(disk, ID, new Bytes(content.length));
        raw.write(0, ByteBuffer.wrap(content));
        return raw;
    }

    private SnapshotDevice.Options options() {
        return options(SnapshotRoom.UNLIMITED);
    }

    private SnapshotDevice.Options options(SnapshotRoom room) {
        return new SnapshotDevice.Options(room, Runnable::run, broken::add);
    }

    private static byte[] all(BlockImage image) {
        ByteBuffer into = ByteBuffer.allocate((int) image.size());
        image.read(0, into);
        return into.array();
    }

    private static byte[] random(long seed) {
        byte[] bytes = new byte[SIZE];
        new SplittableRandom(seed).nextBytes(bytes);
        return bytes;
    }

    private static Fault fault(ThrowingCallable call) {
        FaultException e = catchThrowableOfType(FaultException.class, call);
        assertThat(e).as("a fault").isNotNull();
        return e.fault();
    }

    private SystemDisk newDisk() {
        return new SystemDisk(root.resolve("v" + count.incrementAndGet()));
    }
}
