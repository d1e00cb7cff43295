// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import static io.redoubt.storage.block.RawVolumeTest.faultOf;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.system.SystemDisk;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OverlayTest extends BlockDeviceContract {
    private static final VolumeId ID = new VolumeId("vol-7");

    @TempDir Path root;
    private final AtomicInteger count = new AtomicInteger();

    @Override
    protected BlockDevice make(byte[] content) {
        return Overlay.createSparse(
                newDisk(), ID, new ArrayImage(content), "image-1", Bytes.mebibytes(1), "boot-1");
    }

    @Test
    void the_image_is_never_written() {
        byte[] content = random(SIZE, 5);
        try (var overlay = sparse(newDisk(), content, 1 << 20)) {
            overlay.write(300, ByteBuffer.wrap(random(10_000, 6)));
            overlay.zero(70_000, 5000);
            overlay.flush();
        }
        assertThat(content).isEqualTo(random(SIZE, 5));
    }

    @Test
    void only_what_was_written_comes_from_the_own_file() {
        SystemDisk disk = newDisk();
        byte[] content = random(SIZE, 5);
        try (var overlay = sparse(disk, content, 1 << 20)) {
            overlay.write(1000, ByteBuffer.wrap(new byte[] {42})); // sector 1 of block 0
            byte[] before = content.clone();
            Arrays.fill(content, (byte) 9); // a base that changes shows which bytes it still gives
            byte[] shown = read(overlay, 0, 4096);
            assertThat(shown[511]).isEqualTo((byte) 9);
            assertThat(shown[512]).isEqualTo(before[512]);
            assertThat(shown[1000]).isEqualTo((byte) 42);
            assertThat(shown[1023]).isEqualTo(before[1023]);
            assertThat(shown[1024]).isEqualTo((byte) 9);
        }
    }

    @Test
    void in_the_same_boot_a_reopened_overlay_shows_writes_that_were_not_flushed() {
        SystemDisk disk = newDisk();
        byte[] content = random(SIZE, 5);
        try (var overlay = sparse(disk, content, 1 << 20)) {
            overlay.write(5000, ByteBuffer.wrap(new byte[] {1, 2, 3}));
        }
        try (var overlay = open(disk, content, "boot-1")) {
            assertThat(read(overlay, 5000, 3)).containsExactly(1, 2, 3);
            assertThat(overlay.ownBytes()).isEqualTo(4096);
            overlay.flush(); // must publish what the last process did not
        }
        try (var overlay = open(disk, content, "boot-2")) {
            assertThat(read(overlay, 5000, 3)).containsExactly(1, 2, 3);
        }
    }

    @Test
    void in_another_boot_only_flushed_blocks_are_own() {
        SystemDisk disk = newDisk();
        byte[] content = random(SIZE, 5);
        try (var overlay = sparse(disk, content, 1 << 20)) {
            overlay.write(0, ByteBuffer.wrap(new byte[] {1}));
            overlay.flush();
            overlay.write(8192, ByteBuffer.wrap(new byte[] {2}));
        }
        try (var overlay = open(disk, content, "boot-2")) {
            assertThat(read(overlay, 0, 1)).containsExactly(1);
            assertThat(read(overlay, 8192, 1)).containsExactly(content[8192]);
            assertThat(overlay.ownBytes()).isEqualTo(4096);
        }
    }

    @Test
    void a_write_beyond_the_quota_is_refused_and_own_blocks_can_still_be_written() {
        byte[] content = random(SIZE, 5);
        try (var overlay = sparse(newDisk(), content, 3 * 4096)) {
            overlay.write(100, ByteBuffer.wrap(new byte[8192])); // touches three blocks
            assertThat(faultOf(() -> overlay.write(20_000, ByteBuffer.wrap(new byte[1]))))
                    .isInstanceOf(VolumeFault.Full.class);
            assertThat(faultOf(() -> overlay.zero(20_000, 1))).isInstanceOf(VolumeFault.Full.class);
            assertThat(read(overlay, 20_000, 1)).containsExactly(content[20_000]);
            overlay.write(4096, ByteBuffer.wrap(new byte[] {7}));
            assertThat(overlay.ownBytes()).isEqualTo(3 * 4096);
        }
    }

    @Test
    void a_quota_of_the_whole_volume_suffices_for_a_last_block_that_is_shorter() {
        int size = 3 * 4096 + 512;
        try (var overlay = sparse(newDisk(), random(size, 5), size)) {
            overlay.write(0, ByteBuffer.wrap(new byte[size]));
            assertThat(read(overlay, 0, size)).containsOnly(0);
        }
    }

    @Test
    void an_allocated_overlay_has_room_for_the_whole_volume() throws Exception {
        SystemDisk disk = newDisk();
        byte[] content = random(SIZE, 5);
        try (var overlay =
                Overlay.createAllocated(disk, ID, new ArrayImage(content), "image-1", "boot-1")) {
            Path raw = disk.directory().resolve("volume.raw");
            Process stat = new ProcessBuilder("stat", "--format=%b", raw.toString()).start();
            long blocks =
                    Long.parseLong(
                            new String(stat.getInputStream().readAllBytes(), US_ASCII).strip());
            assertThat(blocks * 512).isGreaterThanOrEqualTo(SIZE);
            overlay.write(0, ByteBuffer.wrap(new byte[SIZE]));
            assertThat(read(overlay, 0, SIZE)).isEqualTo(new byte[SIZE]);
        }
    }

    @Test
    void another_image_another_size_and_a_second_making_are_refused() {
        SystemDisk disk = newDisk();
        byte[] content = random(SIZE, 5);
        sparse(disk, content, 1 << 20).close();
        assertThat(
                        faultOf(() ->
                                        Overlay.open(
                                                disk,
                                                ID,
                                                new ArrayImage(content),
                                                "image-2",
                                                "boot-1"))
                                .message())
                .contains("image-1", "image-2");
        assertThat(faultOf(() -> open(disk, new byte[512], "boot-1")))
                .isInstanceOf(VolumeFault.Different.class);
        assertThat(faultOf(() -> sparse(disk, content, 1))).isInstanceOf(VolumeFault.Exists.class);
    }

    @Test
    void a_volume_that_ends_inside_a_block_works_to_its_last_byte() {
        byte[] content = random(4096 * 2 + 512, 5);
        try (var overlay = sparse(newDisk(), content, 1 << 20)) {
            overlay.write(8192 + 511, ByteBuffer.wrap(new byte[] {3}));
            byte[] shown = read(overlay, 0, content.length);
            content[8192 + 511] = 3;
            assertThat(shown).isEqualTo(content);
        }
    }

    /// Each first write into a sector fetches the rest of it from the image; the image is slow, so they meet.
    @Test
    void first_writes_into_one_sector_at_the_same_time_all_arrive() throws Exception {
        byte[] content = random(SIZE, 5);
        var slow =
                new ArrayImage(content) {
                    @Override
                    public void read(long offset, ByteBuffer into) {
                        super.read(offset, into);
                        try {
                            Thread.sleep(20);
                        } catch (InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                    }
                };
        try (var overlay = Overlay.createAllocated(newDisk(), ID, slow, "image-1", "boot-1")) {
            Thread[] writers = new Thread[4];
            for (int i = 0; i < writers.length; i++) {
                int at = 4096 + 100 * i;
                writers[i] =
                        Thread.ofPlatform()
                                .start(() -> overlay.write(at, ByteBuffer.wrap(new byte[] {1})));
            }
            for (int i = 0; i < writers.length; i++) {
                writers[i].join();
                content[4096 + 100 * i] = 1;
            }
            assertThat(read(overlay, 4096, 512)).isEqualTo(Arrays.copyOfRange(content, 4096, 4608));
        }
    }

    /// The dumps in docs/formats/volume.md.
    @Test
    void the_files_have_the_documented_bytes() throws Exception {
        SystemDisk disk = newDisk();
        try (var overlay = sparse(disk, new byte[4096 * 8], 1 << 20)) {
            overlay.write(4096 + 512, ByteBuffer.wrap(new byte[512])); // sector 1 of block 1
            overlay.write(3 * 4096, ByteBuffer.wrap(new byte[4096]));
            overlay.flush();
            overlay.write(5 * 4096 + 7 * 512 + 5, ByteBuffer.wrap(new byte[1]));
        }
        assertThat(hex(disk, "overlay.stable")).isEqualTo("000200ff00000000");
        assertThat(hex(disk, "overlay.live")).isEqualTo("000200ff00800000");
        assertThat(hex(disk, "overlay.meta"))
                .isEqualTo(
                        "524442544f564c31" // RDBTOVL1
                                + "01000000"
                                + "28000000"
                                + "0080000000000000"
                                + "0000100000000000"
                                + "0500766f6c2d37"
                                + "0700696d6167652d31"
                                + "0600626f6f742d31"
                                + "d1dd2f6a");
    }

    private static Overlay sparse(SystemDisk disk, byte[] content, long quota) {
        return Overlay.createSparse(
                disk, ID, new ArrayImage(content), "image-1", new Bytes(quota), "boot-1");
    }

    private static Overlay open(SystemDisk disk, byte[] content, String boot) {
        return Overlay.open(disk, ID, new ArrayImage(content), "image-1", boot);
    }

    private static byte[] read(BlockDevice device, long offset, int length) {
        ByteBuffer into = ByteBuffer.allocate(length);
        device.read(offset, into);
        return into.array();
    }

    private SystemDisk newDisk() {
        return new SystemDisk(root.resolve("o" + count.incrementAndGet()));
    }

    private static String hex(SystemDisk disk, String name) throws java.io.IOException {
        return HexFormat.of().formatHex(Files.readAllBytes(disk.directory().resolve(name)));
    }

    /// An image in memory.
    static class ArrayImage implements BlockImage {
        private final byte[] content;

        ArrayImage(byte[] content) {
            this.content = content;
        }

        @Override
        public long size() {
            return content.length;
        }

        @Override
        public void read(long offset, ByteBuffer into) {
            if (offset < 0 || into.remaining() > content.length - offset) {
                throw new FaultException(
                        new VolumeFault.OutOfRange(ID, offset, into.remaining(), content.length));
            }
            into.put(content, (int) offset, into.remaining());
        }
    }
}
