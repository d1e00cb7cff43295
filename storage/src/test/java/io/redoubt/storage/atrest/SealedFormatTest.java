// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import static io.redoubt.storage.atrest.TestSeals.ID;
import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.Bytes;
import io.redoubt.core.system.SystemClock;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.storage.block.RawVolume;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The bytes in docs/formats/volume.md.
class SealedFormatTest {
    @TempDir Path root;

    @Test
    void a_checked_volume_has_the_documented_bytes() throws Exception {
        var disk =
                new SealedDisk(
                        new SystemDisk(root.resolve("v")),
                        ID,
                        new Sealing(false, true),
                        () -> {
                            throw new AssertionError("nobody needs a key");
                        },
                        new SystemClock());
        byte[] ones = new byte[4096];
        Arrays.fill(ones, (byte) 1);
        try (var volume = RawVolume.create(disk, ID, new Bytes(8192))) {
            volume.write(4096, ByteBuffer.wrap(ones));
            assertThat(hex("volume.dirty", 0, 16)).isEqualTo("01000000000000000000000000000000");
            assertThat(hex("volume.dirty", 504, 8)).isEqualTo("6a86164500000000");
        }
        assertThat(hex("volume.seal", 0, 100))
                .isEqualTo(
                        "524442545345414c" // RDBTSEAL
                                + "01000000" // version
                                + "10000000" // bytes of body
                                + "02000000" // checked
                                + "00100000" // block
                                + "00000004" // chunk
                                + "0000" // no region key
                                + "0000" // no wrapped key
                                + "5ba67dbd"); // CRC32C
        assertThat(hex("volume.sums", 0, 100)).isEqualTo("00000000f62ae1da");
        assertThat(hex("volume.dirty", 0, 8)).isEqualTo("0000000000000000");
        assertThat(hex("volume.dirty", 504, 100)).isEqualTo("66bd689800000000");
        assertThat(Files.readAllBytes(root.resolve("v/volume.sealed.raw")))
                .isEqualTo(ByteBuffer.allocate(8192).put(4096, ones).array());
        assertThat(disk.list())
                .containsExactly(
                        "volume.dirty",
                        "volume.meta",
                        "volume.seal",
                        "volume.sealed.raw",
                        "volume.sums");
    }

    /// What a stranger would do who has only the page and the region key.
    @Test
    void an_encrypted_volume_can_be_read_by_the_page_alone() throws Exception {
        var disk = TestSeals.disk(root.resolve("v"), TestSeals.BOTH);
        byte[] content = new byte[512];
        Arrays.fill(content, (byte) 7);
        try (var volume = RawVolume.create(disk, ID, new Bytes(4096 + 512))) {
            volume.write(4096, ByteBuffer.wrap(content));
        }
        ByteBuffer seal =
                ByteBuffer.wrap(Files.readAllBytes(root.resolve("v/volume.seal")))
                        .order(ByteOrder.LITTLE_ENDIAN);
        byte[] id = new byte[seal.getShort(28)];
        seal.get(30, id);
        byte[] wrapped = new byte[seal.getShort(30 + id.length)];
        seal.get(32 + id.length, wrapped);
        FileRegionKey region = FileRegionKey.open(root.resolve("region.key"));
        assertThat(new String(id, java.nio.charset.StandardCharsets.US_ASCII))
                .isEqualTo(region.id());
        byte[] context =
                "RDBTSEAL vol-7 volume".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        byte[] key = region.unwrap(wrapped, context).orElseThrow();
        byte[] stored = Files.readAllBytes(root.resolve("v/volume.sealed.raw"));
        assertThat(Arrays.copyOf(stored, 4096)).containsOnly(0);
        assertThat(Arrays.copyOfRange(stored, 4096, 4608))
                .isEqualTo(XtsTest.plainXts(key, 1, content));
    }

    private String hex(String name, int from, int length) throws IOException {
        byte[] bytes = Files.readAllBytes(root.resolve("v").resolve(name));
        return HexFormat.of()
                .formatHex(Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + length)));
    }
}
