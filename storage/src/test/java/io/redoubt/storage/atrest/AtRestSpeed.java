// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import static io.redoubt.storage.atrest.TestSeals.ID;

import io.redoubt.core.Bytes;
import io.redoubt.storage.block.RawVolume;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/// What the layer costs, measured by hand: `java … AtRestSpeed DIRECTORY`. A plain volume, then the three sealings, each in turn, five rounds,
/// from the page cache; the medians are printed.
final class AtRestSpeed {
    private static final int SIZE = 256 << 20;
    private static final int ROUNDS = 5;
    private static final Sealing[] SEALINGS = {
        Sealing.NONE, new Sealing(true, false), new Sealing(false, true), new Sealing(true, true)
    };

    private AtRestSpeed() {}

    @SuppressWarnings("SystemOut")
    public static void main(String[] arguments) throws IOException {
        Path root = Files.createTempDirectory(Path.of(arguments[0]), "speed");
        try {
            cipher();
            RawVolume[] volumes = new RawVolume[SEALINGS.length];
            for (int i = 0; i < volumes.length; i++) {
                var disk = TestSeals.disk(root.resolve("v" + i), SEALINGS[i]);
                volumes[i] = RawVolume.create(disk, ID, new Bytes(SIZE));
                sweep(volumes[i], true, 1 << 20, false);
            }
            for (int bytes : new int[] {4096, 1 << 20}) {
                for (boolean write : new boolean[] {false, true}) {
                    compare(volumes, write, bytes);
                }
            }
            for (RawVolume volume : volumes) {
                volume.close();
            }
        } finally {
            try (Stream<Path> all = Files.walk(root)) {
                for (Path one : all.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(one);
                }
            }
        }
    }

    private static void compare(RawVolume[] volumes, boolean write, int bytes) {
        double[][] micros = new double[volumes.length][ROUNDS];
        for (int round = -1; round < ROUNDS; round++) {
            for (int i = 0; i < volumes.length; i++) {
                double one = sweep(volumes[i], write, bytes, true);
                if (round >= 0) {
                    micros[i][round] = one;
                }
            }
        }
        for (int i = 0; i < volumes.length; i++) {
            java.util.Arrays.sort(micros[i]);
            double median = micros[i][ROUNDS / 2];
            System.out.printf(
                    "%s %7d B  %-26s %8.2f us  %6.0f MB/s%n",
                    write ? "write" : "read ",
                    bytes,
                    SEALINGS[i].equals(Sealing.NONE) ? "plain" : SEALINGS[i],
                    median,
                    bytes / median);
        }
    }

    /// @return microseconds for each request
    private static double sweep(RawVolume volume, boolean write, int bytes, boolean random) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(bytes);
        var order = new SplittableRandom(1);
        while (buffer.hasRemaining()) {
            buffer.putLong(order.nextLong());
        }
        int count = SIZE / bytes;
        long begin = System.nanoTime();
        for (int i = 0; i < count; i++) {
            long offset = (random ? order.nextInt(count) : i) * (long) bytes;
            buffer.clear();
            if (write) {
                volume.write(offset, buffer);
            } else {
                volume.read(offset, buffer);
            }
        }
        return (System.nanoTime() - begin) / 1e3 / count;
    }

    /// The cipher alone, in units of both sizes.
    private static void cipher() {
        byte[] key = new byte[Xts.KEY];
        new SplittableRandom(2).nextBytes(key);
        var xts = new Xts(ID, key);
        Xts.Lane lane = xts.borrow();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment block = arena.allocate(4096, 4096);
            for (int round = 0; round < 3; round++) {
                for (int unit : new int[] {512, 4096}) {
                    long begin = System.nanoTime();
                    for (int i = 0; i < 400_000; i++) {
                        for (int at = 0; at < 4096; at += unit) {
                            MemorySegment one = block.asSlice(at, unit);
                            lane.encrypt(i, one, one);
                        }
                    }
                    System.out.printf(
                            "cipher alone, units of %4d B: %5.2f us for 4 KiB%n",
                            unit, (System.nanoTime() - begin) / 1e3 / 400_000);
                }
            }
        }
        xts.giveBack(lane);
        xts.wipe();
    }
}
