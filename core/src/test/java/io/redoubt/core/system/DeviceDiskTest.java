// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core.system;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.port.DiskFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// On a loop device, which needs root.
class DeviceDiskTest {
    private static final int SIZE = 8 << 20;

    @TempDir Path directory;
    private String device = "";

    private DeviceDisk disk() throws Exception {
        Assumptions.assumeTrue(
                "root".equals(System.getProperty("user.name"))
                        && Files.exists(Path.of("/dev/loop-control")),
                "a loop device needs root");
        byte[] old = new byte[SIZE];
        Arrays.fill(old, (byte) 7);
        Path image = Files.write(directory.resolve("image"), old);
        device = run("losetup", "--find", "--show", image.toString());
        return new DeviceDisk(directory.resolve("v"), "volume.raw", Path.of(device));
    }

    @AfterEach
    void detach() throws Exception {
        if (!device.isEmpty()) {
            run("losetup", "--detach", device);
        }
    }

    @Test
    void a_new_volume_on_a_used_device_is_zeros_and_has_its_size_for_good() throws Exception {
        DeviceDisk disk = disk();
        try (DiskFile file = disk.create("volume.raw")) {
            assertThat(file.size()).isEqualTo(SIZE);
            assertThat(file.room()).isEqualTo(SIZE);
            ByteBuffer all = ByteBuffer.allocate(SIZE);
            assertThat(file.read(0, all)).isEqualTo(SIZE);
            assertThat(all.array()).containsOnly(0);

            file.write(4097, ByteBuffer.wrap("hello".getBytes(US_ASCII)));
            file.write(8192, ByteBuffer.wrap("there".getBytes(US_ASCII)));
            file.zero(8192, 2);
            file.sync();
            assertThatThrownBy(() -> file.write(SIZE - 2, ByteBuffer.wrap(new byte[3])))
                    .hasMessageContaining("full");
            assertThatThrownBy(() -> file.allocate(SIZE + 1)).hasMessageContaining("full");
            assertThatThrownBy(() -> file.truncate(SIZE / 2)).hasMessageContaining("8388608");

            assertThatThrownBy(() -> disk.open("volume.raw")).hasMessageContaining("is mounted or");
        }
        disk.delete("volume.raw");
        try (DiskFile again = disk.open("volume.raw")) {
            ByteBuffer text = ByteBuffer.allocate(4100);
            again.read(4097, text);
            assertThat(new String(text.array(), 0, 5, US_ASCII)).isEqualTo("hello");
            assertThat(new String(text.array(), 4095, 5, US_ASCII)).isEqualTo("\0\0ere");
        }
    }

    private static String run(String... words) throws Exception {
        Process process = new ProcessBuilder(List.of(words)).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
        assertThat(process.waitFor()).as(said).isZero();
        return said;
    }
}
