// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.nbd.NbdClient;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.SplittableRandom;

/// Writes blocks that say who wrote them, and remembers the last acknowledged one of each place and the one under way.
final class AcknowledgedWriter {
    private static final int BLOCK = 4096;
    private static final long FIRST_NANOS_MAX = 20_000_000_000L;

    private final Path socket;
    private final long[] acknowledged;
    private volatile long number; // one thread writes it
    private long begun;
    private int underWay = -1;
    private long underWayNumber;
    private Thread thread = new Thread(() -> {});

    AcknowledgedWriter(Path socket, int size) {
        this.socket = socket;
        this.acknowledged = new long[size / BLOCK];
    }

    void start(long seed) {
        begun = number;
        thread = Thread.ofPlatform().start(() -> work(new SplittableRandom(seed)));
    }

    private void work(SplittableRandom random) {
        try (var client = NbdClient.connect(socket, "volume")) {
            while (true) {
                int block = random.nextInt(acknowledged.length);
                underWay = block;
                long mine = number + 1;
                underWayNumber = mine;
                client.write((long) block * BLOCK, content(block, mine), random.nextInt(64) == 0);
                acknowledged[block] = mine;
                number = mine;
                underWay = -1;
            }
        } catch (FaultException _) {
            // killed
        }
    }

    /// The load has begun, however slow this host is.
    void awaitFirst() throws InterruptedException {
        long end = System.nanoTime() + FIRST_NANOS_MAX;
        while (number == begun && System.nanoTime() < end) {
            Thread.sleep(5);
        }
    }

    void awaitCut() throws InterruptedException {
        thread.join();
    }

    long acknowledged() {
        return number;
    }

    /// Every block shows the last acknowledged write; the one that was under way may show either.
    void verify() {
        try (var client = NbdClient.connect(socket, "volume")) {
            ByteBuffer shown = ByteBuffer.allocate(BLOCK);
            for (int block = 0; block < acknowledged.length; block++) {
                client.read((long) block * BLOCK, shown.clear());
                long found = shown.getLong(0);
                if (block == underWay && found == underWayNumber) {
                    acknowledged[block] = found;
                } else {
                    assertThat(found).as("block %d", block).isEqualTo(acknowledged[block]);
                }
                if (found != 0 && block != underWay) {
                    assertThat(shown.flip()).isEqualTo(content(block, found));
                }
            }
        }
        underWay = -1;
    }

    private static ByteBuffer content(int block, long number) {
        ByteBuffer bytes = ByteBuffer.allocate(BLOCK);
        while (bytes.hasRemaining()) {
            bytes.putLong(number).putLong(block);
        }
        return bytes.flip();
    }
}
