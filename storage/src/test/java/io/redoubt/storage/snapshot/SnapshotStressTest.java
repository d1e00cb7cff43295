// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.Bytes;
import io.redoubt.core.VolumeId;
import io.redoubt.core.system.SystemDisk;
import io.redoubt.storage.block.BlockImage;
import io.redoubt.storage.block.RawVolume;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLongArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Four writers share every grain while snapshots come and go. Each block holds the number of its last write, so a snapshot that is not an
/// instant, or that changes later, is seen.
class SnapshotStressTest {
    private static final VolumeId ID = new VolumeId("vol-7");
    private static final int BLOCK = 4096;
    private static final int BLOCKS = 512;
    private static final int WRITERS = 4;
    private static final int ROUNDS = 60;
    private static final int KEPT_MAX = 5;

    private final AtomicLongArray begun = new AtomicLongArray(BLOCKS);
    private final AtomicLongArray ended = new AtomicLongArray(BLOCKS);
    private final AtomicBoolean stop = new AtomicBoolean();

    @Test
    void a_snapshot_is_an_instant_and_never_changes_while_writers_go_on(@TempDir Path root)
            throws Exception {
        var disk = new SystemDisk(root.resolve("v"));
        RawVolume raw = RawVolume.create(disk, ID, new Bytes((long) BLOCK * BLOCKS));
        ExecutorService threads = Executors.newCachedThreadPool();
        var options = new SnapshotDevice.Options(SnapshotRoom.UNLIMITED, threads, _ -> {});
        try (SnapshotDevice device = SnapshotDevice.open(disk, ID, raw, options)) {
            var writers = new ArrayList<Future<Void>>();
            for (int w = 0; w < WRITERS; w++) {
                writers.add(threads.submit(writer(device, w)));
            }
            var contents = new TreeMap<Long, long[]>();
            var random = new SplittableRandom(3);
            for (int round = 0; round < ROUNDS; round++) {
                long[] lowest = numbers(ended);
                long number = device.create("s" + round, round).number();
                long[] highest = numbers(begun);
                long[] shown = shown(device.image(number));
                for (int block = 0; block < BLOCKS; block++) {
                    assertThat(shown[block]).isBetween(lowest[block], highest[block]);
                }
                contents.put(number, shown);
                for (long each : contents.keySet()) {
                    assertThat(shown(device.image(each)))
                            .as("snapshot %d in round %d", each, round)
                            .isEqualTo(contents.get(each));
                }
                if (contents.size() > KEPT_MAX) {
                    var all = new ArrayList<>(contents.keySet());
                    long gone = all.get(random.nextInt(all.size()));
                    device.delete(gone);
                    contents.remove(gone);
                }
            }
            stop.set(true);
            for (Future<Void> writer : writers) {
                writer.get();
            }
            assertThat(shown(device)).isEqualTo(numbers(ended));
        } finally {
            stop.set(true);
            threads.shutdown();
        }
    }

    private Callable<Void> writer(SnapshotDevice device, int writer) {
        return () -> {
            var random = new SplittableRandom(writer);
            ByteBuffer content = ByteBuffer.allocateDirect(BLOCK);
            for (long n = 1; !stop.get(); n++) {
                int block = random.nextInt(BLOCKS / WRITERS) * WRITERS + writer;
                content.clear();
                while (content.hasRemaining()) {
                    content.putLong(n);
                }
                begun.set(block, n);
                device.write((long) block * BLOCK, content.flip());
                ended.set(block, n);
            }
            return null;
        };
    }

    private static long[] numbers(AtomicLongArray array) {
        long[] numbers = new long[BLOCKS];
        for (int i = 0; i < BLOCKS; i++) {
            numbers[i] = array.get(i);
        }
        return numbers;
    }

    /// The number in each block; -1 for a block that is a mixture.
    private static long[] shown(BlockImage image) {
        ByteBuffer all = ByteBuffer.allocateDirect(BLOCK * BLOCKS);
        image.read(0, all);
        long[] numbers = new long[BLOCKS];
        for (int i = 0; i < BLOCKS; i++) {
            numbers[i] = all.getLong(i * BLOCK);
            for (int at = 0; at < BLOCK; at += 8) {
                if (all.getLong(i * BLOCK + at) != numbers[i]) {
                    numbers[i] = -1;
                    break;
                }
            }
        }
        return numbers;
    }
}
