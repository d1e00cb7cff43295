// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.Fault;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.system.SystemDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RawVolumeTest extends BlockDeviceContract {
    private static final VolumeId ID = new VolumeId("vol-7");

    @TempDir Path root;
    private final AtomicInteger count = new AtomicInteger();

    @Override
    protected BlockDevice make(byte[] content) {
        var volume = RawVolume.create(newDisk(), ID, new Bytes(SIZE));
        volume.write(0, ByteBuffer.wrap(content));
        return volume;
    }

    @Test
    void a_reopened_volume_shows_what_was_written() {
        SystemDisk disk = newDisk();
        try (var volume = RawVolume.create(disk, ID, Bytes.kibibytes(64))) {
            volume.write(100, ByteBuffer.wrap(random(50, 3)));
        }
        assertThat(RawVolume.find(disk, ID)).contains(Bytes.kibibytes(64));
        try (var volume = RawVolume.open(disk, ID)) {
            ByteBuffer into = ByteBuffer.allocate(50);
            volume.read(100, into);
            assertThat(into.array()).isEqualTo(random(50, 3));
        }
    }

    /// Never HOLE: a thick volume has its room, so nobody needs to be warned.
    @Test
    void what_was_never_written_and_what_was_zeroed_is_told_apart_from_data() {
        SystemDisk disk = newDisk();
        try (var volume = RawVolume.create(disk, ID, Bytes.mebibytes(1))) {
            volume.write(64 << 10, ByteBuffer.wrap(random(64 << 10, 4)));
            var seen = new StringBuilder();
            volume.extents(
                    0, 1 << 20, (bytes, kind) -> seen.append(kind + " " + bytes + " ") != null);
            assertThat(seen.toString()).isEqualTo("ZERO 65536 DATA 65536 ZERO 917504 ");
        }
    }

    @Test
    void a_volume_grows_with_room_and_zeros_and_keeps_its_content() {
        SystemDisk disk = newDisk();
        try (var volume = RawVolume.create(disk, ID, Bytes.mebibytes(1))) {
            volume.write((1 << 20) - 50, ByteBuffer.wrap(random(50, 3)));
            volume.grow(Bytes.mebibytes(3));
            assertThat(volume.size()).isEqualTo(3 << 20);
            volume.write((3 << 20) - 50, ByteBuffer.wrap(random(50, 4)));
            assertThatThrownBy(() -> volume.grow(Bytes.mebibytes(2)))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> volume.grow(new Bytes(1L << 60)))
                    .isInstanceOf(FaultException.class);
        }
        try (var volume = RawVolume.open(disk, ID)) {
            assertThat(volume.size()).isEqualTo(3 << 20);
            ByteBuffer into = ByteBuffer.allocate(100);
            volume.read((1 << 20) - 50, into);
            assertThat(into.array()).startsWith(random(50, 3)).endsWith(new byte[50]);
        }
    }

    @Test
    void the_raw_file_is_thick_and_is_the_content() throws Exception {
        SystemDisk disk = newDisk();
        try (var volume = RawVolume.create(disk, ID, Bytes.mebibytes(8))) {
            volume.write(4096, ByteBuffer.wrap(random(10, 4)));
        }
        Path raw = disk.directory().resolve("volume.raw");
        Process stat = new ProcessBuilder("stat", "--format=%b", raw.toString()).start();
        long blocks =
                Long.parseLong(new String(stat.getInputStream().readAllBytes(), US_ASCII).strip());
        assertThat(blocks * 512).isGreaterThanOrEqualTo(8 << 20);
        assertThat(Files.readAllBytes(raw)).hasSize(8 << 20);
        assertThat(ByteBuffer.wrap(Files.readAllBytes(raw), 4096, 10).slice())
                .isEqualTo(ByteBuffer.wrap(random(10, 4)));
    }

    /// The dump in docs/formats/volume.md.
    @Test
    void the_metadata_has_the_documented_bytes() throws Exception {
        SystemDisk disk = newDisk();
        RawVolume.create(disk, ID, Bytes.mebibytes(1)).close();
        assertThat(hex(disk, "volume.meta"))
                .isEqualTo(
                        "52444254564f4c31" // RDBTVOL1
                                + "01000000" // version
                                + "0f000000" // bytes of body
                                + "0000100000000000" // size
                                + "0500766f6c2d37" // vol-7
                                + "55bfe430"); // CRC32C
    }

    @Test
    void a_flipped_bit_anywhere_in_the_metadata_is_refused_with_the_file_named() throws Exception {
        SystemDisk disk = newDisk();
        RawVolume.create(disk, ID, Bytes.mebibytes(1)).close();
        Path file = disk.directory().resolve("volume.meta");
        byte[] good = Files.readAllBytes(file);
        for (int bit = 0; bit < good.length * 8; bit++) {
            byte[] bad = good.clone();
            bad[bit / 8] ^= (byte) (1 << bit % 8);
            Files.write(file, bad);
            Fault fault = faultOf(() -> RawVolume.open(disk, ID));
            assertThat(fault).as("bit %d", bit).isInstanceOf(VolumeFault.BadFile.class);
            assertThat(fault.message()).contains("volume.meta");
        }
    }

    @Test
    void cut_metadata_and_a_cut_raw_file_are_refused() throws Exception {
        SystemDisk disk = newDisk();
        RawVolume.create(disk, ID, Bytes.mebibytes(1)).close();
        Path file = disk.directory().resolve("volume.meta");
        byte[] good = Files.readAllBytes(file);
        for (int length = 0; length < good.length; length++) {
            Files.write(file, java.util.Arrays.copyOf(good, length));
            assertThat(faultOf(() -> RawVolume.open(disk, ID)))
                    .isInstanceOf(VolumeFault.BadFile.class);
        }
        Files.write(file, good);
        Files.write(disk.directory().resolve("volume.raw"), new byte[1000]);
        assertThat(faultOf(() -> RawVolume.open(disk, ID)).message()).contains("1000", "1048576");
    }

    @Test
    void another_volume_and_a_taken_place_are_refused() {
        SystemDisk disk = newDisk();
        RawVolume.create(disk, ID, Bytes.mebibytes(1)).close();
        assertThat(faultOf(() -> RawVolume.open(disk, new VolumeId("vol-8"))).message())
                .contains("vol-7", "vol-8");
        assertThat(faultOf(() -> RawVolume.create(disk, ID, Bytes.mebibytes(1))))
                .isInstanceOf(VolumeFault.Exists.class);
    }

    @Test
    void more_than_the_disk_has_is_refused_and_leaves_nothing() {
        SystemDisk disk = newDisk();
        assertThat(faultOf(() -> RawVolume.create(disk, ID, new Bytes(1L << 60))))
                .isInstanceOf(VolumeFault.Full.class);
        assertThat(disk.list()).isEmpty();
    }

    @Test
    void a_size_that_is_no_multiple_of_512_is_refused() {
        for (long size : new long[] {0, 1, 511, 513}) {
            assertThatThrownBy(() -> RawVolume.create(newDisk(), ID, new Bytes(size)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("512");
        }
    }

    @Test
    void a_half_made_volume_is_made_again() throws Exception {
        SystemDisk disk = newDisk();
        Files.write(disk.directory().resolve("volume.raw"), new byte[77]);
        Files.write(disk.directory().resolve("volume.meta.new"), new byte[5]);
        assertThat(RawVolume.find(disk, ID)).isEmpty();
        try (var volume = RawVolume.create(disk, ID, Bytes.kibibytes(4))) {
            assertThat(volume.size()).isEqualTo(4096);
        }
        assertThat(disk.list()).containsExactly("volume.meta", "volume.raw");
    }

    private SystemDisk newDisk() {
        return new SystemDisk(root.resolve("v" + count.incrementAndGet()));
    }

    private static String hex(SystemDisk disk, String name) throws IOException {
        return HexFormat.of().formatHex(Files.readAllBytes(disk.directory().resolve(name)));
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
