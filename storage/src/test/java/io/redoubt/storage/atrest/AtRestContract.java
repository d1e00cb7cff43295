// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.block.BlockDeviceContract;
import io.redoubt.storage.block.RawVolume;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A raw volume on a sealed disk keeps every promise of a block device.
abstract class AtRestContract extends BlockDeviceContract {
    private static final VolumeId ID = new VolumeId("vol-7");

    @TempDir Path root;
    private final Sealing sealing;
    private final AtomicInteger count = new AtomicInteger();

    AtRestContract(Sealing sealing) {
        this.sealing = sealing;
    }

    @Override
    protected BlockDevice make(byte[] content) {
        var disk = TestSeals.disk(root.resolve("v" + count.incrementAndGet()), sealing);
        var volume = RawVolume.create(disk, ID, new Bytes(content.length));
        volume.write(0, ByteBuffer.wrap(content));
        return volume;
    }

    /// Writers of whole and part blocks, and readers right beside them: no reader ever sees a block that it takes for damaged, nor a
    /// byte that nobody wrote there.
    @Test
    void readers_beside_writers_see_only_what_was_written() throws Exception {
        int area = 256 << 10;
        device().write(0, filled(area, (byte) 1));
        var over = new AtomicBoolean();
        try (ExecutorService pool = Executors.newFixedThreadPool(4)) {
            Future<?> writer = pool.submit(() -> writeAll(area, 21, over));
            Future<?> second = pool.submit(() -> writeAll(area, 22, over));
            Future<Long> reader = pool.submit(() -> readAll(area, 23, over));
            Future<Long> other = pool.submit(() -> readAll(area, 24, over));
            writer.get();
            second.get();
            over.set(true);
            assertThat(reader.get() + other.get()).isGreaterThan(100);
        }
    }

    /// Each write fills whole sectors with one value, so a reader's sector has one value, or two when it was read while written.
    private void writeAll(int area, long seed, AtomicBoolean over) {
        var random = new SplittableRandom(seed);
        for (int i = 0; i < 4000 && !over.get(); i++) {
            int length = random.nextInt(1, 40) * 512;
            int offset = random.nextInt((area - length) / 512) * 512;
            device().write(offset, filled(length, (byte) random.nextInt(1, 8)));
        }
    }

    private Long readAll(int area, long seed, AtomicBoolean over) {
        var random = new SplittableRandom(seed);
        long reads = 0;
        while (!over.get()) {
            int length = random.nextInt(1, 20000);
            int offset = random.nextInt(area - length);
            byte[] shown = read(offset, length);
            for (byte one : shown) {
                if (one < 1 || one > 7) {
                    throw new AssertionError("read " + one + ", which nobody wrote");
                }
            }
            reads++;
        }
        return reads;
    }

    private static ByteBuffer filled(int length, byte value) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(length);
        while (bytes.hasRemaining()) {
            bytes.put(value);
        }
        return bytes.flip();
    }
}
