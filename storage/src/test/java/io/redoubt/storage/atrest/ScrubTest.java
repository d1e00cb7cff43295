// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import static io.redoubt.storage.atrest.SealedVolumeTest.flip;
import static io.redoubt.storage.atrest.TestSeals.BOTH;
import static io.redoubt.storage.atrest.TestSeals.ID;
import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.Bytes;
import io.redoubt.storage.block.RawVolume;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ScrubTest {
    private static final int SIZE = 8 << 20;

    @TempDir Path root;

    @BeforeEach
    void makeDamaged() throws Exception {
        byte[] content = new byte[SIZE];
        new SplittableRandom(3).nextBytes(content);
        try (var volume =
                RawVolume.create(TestSeals.disk(root.resolve("v"), BOTH), ID, new Bytes(SIZE))) {
            volume.write(0, ByteBuffer.wrap(content));
        }
        flip(root.resolve("v/volume.sealed.raw"), 3 * 4096 * 8L + 77);
        flip(root.resolve("v/volume.sealed.raw"), 1500 * 4096 * 8L);
        flip(root.resolve("v/volume.sums"), 700 * 4 * 8L);
    }

    @Test
    void it_lists_the_damaged_blocks_goes_on_after_a_restart_and_forgets_what_healed() {
        SealedDisk disk = TestSeals.disk(root.resolve("v"), BOTH);
        try (var _ = RawVolume.open(disk, ID)) {
            Scrub scrub = disk.scrub().orElseThrow();
            assertThat(scrub.progress()).isEqualTo(new Scrub.Progress(0, 0, SIZE, List.of()));
            assertThat(scrub.step(1 << 20)).isFalse();
            assertThat(scrub.progress().damaged()).containsExactly(3 * 4096L);
        }
        SealedDisk again = TestSeals.disk(root.resolve("v"), BOTH);
        try (var volume = RawVolume.open(again, ID)) {
            Scrub scrub = again.scrub().orElseThrow();
            assertThat(scrub.progress())
                    .isEqualTo(new Scrub.Progress(0, 1 << 20, SIZE, List.of(3 * 4096L)));
            pass(scrub);
            assertThat(scrub.progress())
                    .isEqualTo(
                            new Scrub.Progress(
                                    1, 0, SIZE, List.of(3 * 4096L, 700 * 4096L, 1500 * 4096L)));
            volume.write(700 * 4096L, ByteBuffer.allocate(4096));
            volume.zero(1500 * 4096L, 4096);
            pass(scrub);
            assertThat(scrub.progress().damaged()).containsExactly(3 * 4096L);
        }
    }

    private static void pass(Scrub scrub) {
        boolean over = false;
        for (int i = 0; i < 100 && !over; i++) {
            over = scrub.step(1 << 20);
        }
        assertThat(over).isTrue();
    }

    @Test
    void the_background_reader_keeps_its_rate_beside_a_writer_and_ends_when_told()
            throws Exception {
        SealedDisk disk = TestSeals.disk(root.resolve("v"), BOTH);
        try (var volume = RawVolume.open(disk, ID)) {
            long begin = System.nanoTime();
            // 8 pieces of 1 MiB at 16 MiB/s: seven waits of 62 ms
            try (var _ = Scrubber.start(() -> disk.scrub().stream().toList(), 16 << 20)) {
                var random = new SplittableRandom(4);
                while (disk.scrub().orElseThrow().progress().passes() == 0) {
                    int block = random.nextInt(800, 1400);
                    volume.write(block * 4096L, ByteBuffer.allocate(4096));
                }
            }
            assertThat((System.nanoTime() - begin) / 1_000_000).isBetween(350L, 20_000L);
            assertThat(disk.scrub().orElseThrow().progress().damaged())
                    .containsExactly(3 * 4096L, 700 * 4096L, 1500 * 4096L);
        }
    }

    @Test
    void without_integrity_there_is_nothing_to_scrub() {
        SealedDisk disk = TestSeals.disk(root.resolve("w"), new Sealing(true, false));
        RawVolume.create(disk, ID, new Bytes(SIZE)).close();
        assertThat(disk.scrub()).isEmpty();
    }
}
