// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import static io.redoubt.storage.atrest.TestSeals.BOTH;
import static io.redoubt.storage.atrest.TestSeals.ID;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.Fault;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.DiskFile;
import io.redoubt.core.system.SystemClock;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.storage.block.RawVolume;
import io.redoubt.storage.block.VolumeFault;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SealedVolumeTest {
    private static final int SIZE = 64 << 10;
    private static final byte[] MARKER =
            "a secret of the guest".getBytes(StandardCharsets.US_ASCII);

    @TempDir Path root;

    private SealedDisk disk() {
        return TestSeals.disk(root.resolve("v"), BOTH);
    }

    private byte[] make(int size) {
        byte[] content = new byte[size];
        try (var volume = RawVolume.create(disk(), ID, new Bytes(size))) {
            new SplittableRandom(5).nextBytes(content);
            Arrays.fill(content, 8192, 12288, (byte) 0); // a block that was never written
            volume.write(0, ByteBuffer.wrap(content, 0, 8192));
            volume.write(12288, ByteBuffer.wrap(content, 12288, size - 12288));
        }
        return content;
    }

    @Test
    void no_file_of_the_volume_holds_what_the_guest_wrote() throws Exception {
        try (var volume = RawVolume.create(disk(), ID, new Bytes(SIZE))) {
            for (int at = 100; at + MARKER.length < SIZE; at += 1000) {
                volume.write(at, ByteBuffer.wrap(MARKER));
            }
            assertNoFileHolds(MARKER);
        }
        assertNoFileHolds(MARKER);
        assertThat(root.resolve("v/volume.raw")).doesNotExist();
        assertThat(root.resolve("v/volume.sealed.raw")).hasSize(SIZE);
    }

    private void assertNoFileHolds(byte[] marker) throws IOException {
        String wanted = new String(marker, StandardCharsets.ISO_8859_1);
        try (Stream<Path> files = Files.list(root.resolve("v"))) {
            for (Path file : files.toList()) {
                String bytes = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
                assertThat(bytes.contains(wanted)).as("%s", file).isFalse();
            }
        }
    }

    /// The same search on a volume without encryption, so that it is known to find something.
    @Test
    void with_integrity_alone_the_stored_file_is_the_content() throws Exception {
        var disk = TestSeals.disk(root.resolve("v"), new Sealing(false, true));
        try (var volume = RawVolume.create(disk, ID, new Bytes(SIZE))) {
            volume.write(100, ByteBuffer.wrap(MARKER));
        }
        byte[] stored = Files.readAllBytes(root.resolve("v/volume.sealed.raw"));
        assertThat(Arrays.copyOfRange(stored, 100, 100 + MARKER.length)).isEqualTo(MARKER);
        assertThatThrownBy(() -> assertNoFileHolds(MARKER)).isInstanceOf(AssertionError.class);
    }

    @Test
    void equal_blocks_are_stored_as_different_ones_and_two_volumes_have_two_keys()
            throws Exception {
        byte[] same = new byte[4096];
        Arrays.fill(same, (byte) 7);
        for (String name : new String[] {"v", "w"}) {
            var disk = TestSeals.disk(root.resolve(name), BOTH);
            try (var volume = RawVolume.create(disk, ID, new Bytes(8192))) {
                volume.write(0, ByteBuffer.wrap(same));
                volume.write(4096, ByteBuffer.wrap(same));
            }
        }
        byte[] v = Files.readAllBytes(root.resolve("v/volume.sealed.raw"));
        byte[] w = Files.readAllBytes(root.resolve("w/volume.sealed.raw"));
        assertThat(Arrays.copyOf(v, 4096)).isNotEqualTo(Arrays.copyOfRange(v, 4096, 8192));
        assertThat(v).isNotEqualTo(w);
    }

    /// Flipped once each: a bit of every byte of a block that was written, of one that never was, and of the checksums, in turn all eight of
    /// them.
    @Test
    void every_flipped_byte_is_an_error_that_names_the_block_and_never_other_data()
            throws Exception {
        byte[] content = make(20 << 10);
        Path data = root.resolve("v/volume.sealed.raw");
        assertFlipsAreNoticed(data, 4096, 12288, 4096, content);
        Path sums = root.resolve("v/volume.sums");
        assertFlipsAreNoticed(sums, 0, Files.size(sums), 4, content);
    }

    private void assertFlipsAreNoticed(
            Path file, int from, long to, int bytesOfBlock, byte[] content) throws IOException {
        for (int at = from; at < to; at++) {
            flip(file, at * 8L + at % 8);
            try (var volume = RawVolume.open(disk(), ID)) {
                assertOnlyThisBlockIsRefused(volume, at / bytesOfBlock, content);
            }
            flip(file, at * 8L + at % 8);
        }
        try (var volume = RawVolume.open(disk(), ID)) {
            assertThat(read(volume, 0, content.length)).isEqualTo(content);
        }
    }

    private static void assertOnlyThisBlockIsRefused(
            RawVolume volume, int damaged, byte[] content) {
        for (int block = 0; block * 4096 < content.length; block++) {
            int from = block * 4096;
            if (block == damaged) {
                Fault fault = faultOf(() -> read(volume, from, 4096));
                assertThat(fault).isInstanceOf(VolumeFault.Damaged.class);
                assertThat(fault.message()).contains("block at " + from + " of volume vol-7");
                assertThat(faultOf(() -> read(volume, from + 100, 1))).isEqualTo(fault);
                assertThat(faultOf(() -> read(volume, 0, content.length))).isEqualTo(fault);
                assertThat(faultOf(() -> volume.write(from + 7, ByteBuffer.allocate(600))))
                        .isEqualTo(fault);
            } else {
                assertThat(read(volume, from, 4096))
                        .isEqualTo(Arrays.copyOfRange(content, from, from + 4096));
            }
        }
    }

    @Test
    void any_flipped_bit_of_the_seal_is_refused_and_of_the_dirty_map_does_no_harm()
            throws Exception {
        byte[] content = make(20 << 10);
        Path seal = root.resolve("v/volume.seal");
        for (long bit = 0; bit < Files.size(seal) * 8; bit++) {
            flip(seal, bit);
            assertThat(faultOf(() -> RawVolume.open(disk(), ID)))
                    .as("bit %d", bit)
                    .isInstanceOf(VolumeFault.BadFile.class);
            flip(seal, bit);
        }
        Path dirty = root.resolve("v/volume.dirty");
        for (long bit = 0; bit < Files.size(dirty) * 8; bit++) {
            flip(dirty, bit);
            try (var volume = RawVolume.open(disk(), ID)) {
                assertThat(read(volume, 0, content.length)).isEqualTo(content);
            }
            assertThat(Files.size(dirty)).isEqualTo(512);
            // The clean close has cleared what was flipped.
        }
    }

    @Test
    void a_damaged_block_heals_when_it_is_written_or_zeroed_as_a_whole() throws Exception {
        byte[] content = make(SIZE);
        flip(root.resolve("v/volume.sealed.raw"), 5 * 4096 * 8L);
        flip(root.resolve("v/volume.sealed.raw"), 6 * 4096 * 8L);
        try (var volume = RawVolume.open(disk(), ID)) {
            assertThat(faultOf(() -> read(volume, 5 * 4096, 1)))
                    .isInstanceOf(VolumeFault.Damaged.class);
            volume.write(5 * 4096, ByteBuffer.wrap(content, 5 * 4096, 4096));
            assertThat(faultOf(() -> read(volume, 6 * 4096, 1)))
                    .isInstanceOf(VolumeFault.Damaged.class);
            volume.zero(6 * 4096, 4096);
            Arrays.fill(content, 6 * 4096, 7 * 4096, (byte) 0);
            assertThat(read(volume, 0, SIZE)).isEqualTo(content);
        }
    }

    @Test
    void zeroed_and_never_written_blocks_are_stored_as_zeros() throws Exception {
        make(SIZE);
        try (var volume = RawVolume.open(disk(), ID)) {
            volume.zero(20480, 10000);
            byte[] stored = Files.readAllBytes(root.resolve("v/volume.sealed.raw"));
            assertThat(Arrays.copyOfRange(stored, 8192, 12288)).containsOnly(0);
            assertThat(Arrays.copyOfRange(stored, 20480, 28672)).containsOnly(0);
            assertThat(read(volume, 20480, 10000)).containsOnly(0);
        }
    }

    @Test
    void another_region_key_is_refused_with_both_ids_and_nothing_is_touched() throws Exception {
        byte[] content = make(SIZE);
        String right = FileRegionKey.open(root.resolve("region.key")).id();
        String wrong = FileRegionKey.openOrMake(root.resolve("other.key")).id();
        var disk = TestSeals.disk(root.resolve("v"), BOTH, root.resolve("other.key"));
        Fault fault = faultOf(() -> RawVolume.open(disk, ID));
        assertThat(fault).isEqualTo(new VolumeFault.WrongKey(ID, right, wrong));
        assertThat(fault.message()).contains(right, wrong);
        try (var volume = RawVolume.open(disk(), ID)) {
            assertThat(read(volume, 0, SIZE)).isEqualTo(content);
        }
    }

    @Test
    void a_seal_of_another_volume_or_file_does_not_open() throws Exception {
        make(SIZE);
        var other =
                new SealedDisk(
                        new SystemDisk(root.resolve("v")),
                        new VolumeId("vol-8"),
                        BOTH,
                        () -> FileRegionKey.open(root.resolve("region.key")),
                        new SystemClock());
        Fault fault = faultOf(() -> other.open("volume.raw"));
        assertThat(fault.message()).contains("volume.seal", "vol-8", "belongs elsewhere");
    }

    @Test
    void whoever_goes_past_the_seal_finds_no_file_instead_of_noise() {
        make(SIZE);
        Fault fault = faultOf(() -> RawVolume.open(new SystemDisk(root.resolve("v")), ID));
        assertThat(fault.message()).contains("volume.raw does not exist");
    }

    @Test
    void after_the_erasure_nobody_reads_it_with_any_key() throws Exception {
        make(SIZE);
        byte[] before = Files.readAllBytes(root.resolve("v/volume.seal"));
        SealedDisk.erase(new SystemDisk(root.resolve("v")));
        assertThat(Files.readAllBytes(root.resolve("v/volume.seal")))
                .hasSize(before.length)
                .containsOnly(0);
        assertThat(faultOf(() -> RawVolume.open(disk(), ID))).isEqualTo(new VolumeFault.Erased(ID));
        SealedDisk.erase(new SystemDisk(root.resolve("v")));
        assertThat(faultOf(() -> RawVolume.open(disk(), ID))).isEqualTo(new VolumeFault.Erased(ID));
    }

    @Test
    void what_a_directory_holds_is_told_by_its_seal() throws Exception {
        var plain = new SystemDisk(root.resolve("p"));
        assertThat(SealedDisk.find(plain, ID)).isEmpty();
        RawVolume.create(plain, ID, new Bytes(SIZE)).close();
        assertThat(SealedDisk.find(plain, ID)).contains(Sealing.NONE);
        make(SIZE);
        assertThat(SealedDisk.find(new SystemDisk(root.resolve("v")), ID)).contains(BOTH);
        // What is there stays what it is, whatever is asked for.
        try (var volume = RawVolume.open(TestSeals.disk(root.resolve("v"), Sealing.NONE), ID)) {
            assertThat(read(volume, 8192, 4096)).containsOnly(0);
        }
        RawVolume.open(TestSeals.disk(root.resolve("p"), BOTH), ID).close();
        assertThat(root.resolve("p/volume.seal")).doesNotExist();
    }

    @Test
    void a_file_with_a_short_last_block_grows_and_shows_zeros_behind() throws Exception {
        byte[] content = new byte[5 * 512];
        new SplittableRandom(9).nextBytes(content);
        SealedDisk disk = disk();
        try (DiskFile file = disk.create("grown.raw")) {
            file.allocate(content.length);
            file.write(0, ByteBuffer.wrap(content));
            file.allocate(3 << 20);
            assertGrown(file, content);
        }
        try (DiskFile file = disk.open("grown.raw")) {
            assertGrown(file, content);
            file.write((3 << 20) - 5000, ByteBuffer.wrap(content));
        }
        flip(root.resolve("v/grown.sealed.raw"), 100);
        try (DiskFile file = disk.open("grown.raw")) {
            assertThat(faultOf(() -> file.read(0, ByteBuffer.allocate(10))))
                    .isInstanceOf(VolumeFault.Damaged.class);
        }
    }

    private static void assertGrown(DiskFile file, byte[] content) {
        assertThat(file.size()).isEqualTo(3 << 20);
        ByteBuffer shown = ByteBuffer.allocate(8192);
        assertThat(file.read(0, shown)).isEqualTo(8192);
        assertThat(Arrays.copyOf(shown.array(), content.length)).isEqualTo(content);
        assertThat(Arrays.copyOfRange(shown.array(), content.length, 8192)).containsOnly(0);
        assertThat(file.read((3 << 20) - 100, shown.clear())).isEqualTo(100);
        assertThat(file.read(3 << 20, shown.clear())).isZero();
    }

    /// As after a crash in a growth: the new end is cut off again, and what is grown later is zeros.
    @Test
    void a_file_that_is_cut_and_grown_again_shows_zeros_where_something_was() throws Exception {
        byte[] content = new byte[20 << 10];
        new SplittableRandom(9).nextBytes(content);
        SealedDisk disk = disk();
        try (DiskFile file = disk.create("cut.raw")) {
            file.truncate(content.length);
            file.write(0, ByteBuffer.wrap(content));
            file.truncate(9 * 512);
            file.truncate(content.length);
        }
        try (DiskFile file = disk.open("cut.raw")) {
            ByteBuffer shown = ByteBuffer.allocate(content.length);
            file.read(0, shown);
            Arrays.fill(content, 9 * 512, content.length, (byte) 0);
            assertThat(shown.array()).isEqualTo(content);
        }
    }

    @Test
    void a_trim_of_a_thin_volume_gives_room_back_and_a_zero_of_a_hole_takes_none()
            throws Exception {
        try (var volume = RawVolume.createThin(disk(), ID, new Bytes(SIZE))) {
            Path stored = root.resolve("v/volume.sealed.raw");
            volume.zero(100, 300);
            assertThat(blocks(stored)).isZero();
            volume.write(0, ByteBuffer.wrap(filled(32 << 10)));
            assertThat(blocks(stored) * 512).isGreaterThanOrEqualTo(32 << 10);
            volume.trim(4000, 20000);
            assertThat(blocks(stored) * 512).isLessThanOrEqualTo(20 << 10);
            byte[] expected = filled(32 << 10);
            Arrays.fill(expected, 4000, 24000, (byte) 0);
            assertThat(read(volume, 0, expected.length)).isEqualTo(expected);
        }
    }

    private static byte[] filled(int length) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) 9);
        return bytes;
    }

    private static long blocks(Path file) throws IOException {
        Process stat = new ProcessBuilder("stat", "--format=%b", file.toString()).start();
        return Long.parseLong(
                new String(stat.getInputStream().readAllBytes(), StandardCharsets.US_ASCII)
                        .strip());
    }

    @Test
    void after_its_close_it_is_refused() {
        make(SIZE);
        DiskFile file = disk().open("volume.raw");
        file.close();
        file.close();
        assertThat(faultOf(() -> file.read(0, ByteBuffer.allocate(1))))
                .isInstanceOf(VolumeFault.Closed.class);
    }

    static void flip(Path file, long bit) throws IOException {
        try (var bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(bit / 8);
            int value = bytes.read();
            bytes.seek(bit / 8);
            bytes.write(value ^ (1 << (bit % 8)));
        }
    }

    static byte[] read(RawVolume volume, long offset, int length) {
        ByteBuffer into = ByteBuffer.allocate(length);
        volume.read(offset, into);
        return into.array();
    }

    static Fault faultOf(Runnable call) {
        try {
            call.run();
        } catch (FaultException e) {
            return e.fault();
        }
        throw new AssertionError("it was not refused");
    }
}
