// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import static io.redoubt.storage.atrest.TestSeals.ID;
import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.system.SystemClock;
import io.redoubt.core.system.SystemDisk;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Whoever reads a checked file beside a writer looks again instead of taking one write's checksum for another one's data. In
/// [AtRestContract] many run beside each other; here each meeting is made.
@Timeout(60)
class SealedRaceTest {
    private static final int SIZE = 256 << 10;
    private static final int BLOCK = StoredBlocks.BLOCK;
    private static final byte OLD = 1;
    private static final byte NEW = 2;

    @TempDir Path root;
    private MetFile data;
    private SealedFile file;

    @BeforeEach
    void make() {
        var disk = new SystemDisk(root.resolve("v"));
        data = new MetFile(disk.create("data"));
        data.allocate(SIZE);
        var files = new SealedFiles(data, disk.create("sums"), disk.create("dirty"));
        var key = new byte[Xts.KEY];
        new SplittableRandom(1).nextBytes(key);
        file =
                new SealedFile(
                        ID, "volume.raw", files, new Xts(ID, key), 64 << 10, new SystemClock());
        file.write(0, filled(SIZE, OLD));
    }

    @AfterEach
    void close() {
        file.close();
    }

    /// Whole blocks, parts of blocks, and several stripes, of which the write changes only the first.
    @ParameterizedTest
    @CsvSource({
        "0, 4096, 4096",
        "0, 16384, 12288",
        "100, 1000, 4096",
        "4000, 9000, 131072",
        "61440, 12288, 65536"
    })
    void a_read_that_a_whole_write_overtook_is_done_again(int offset, int length, int written) {
        data.afterRead = () -> await(elsewhere(() -> file.write(0, filled(written, NEW))));
        byte[] shown = read(offset, length);
        for (int i = 0; i < length; i++) {
            assertThat(shown[i]).as("byte %d", i).isEqualTo(offset + i < written ? NEW : OLD);
        }
    }

    /// The checksum is in its place, the data is not.
    @ParameterizedTest
    @CsvSource({"0, 4096", "0, 16384", "100, 1000"})
    void a_read_that_meets_half_a_write_waits_for_its_other_half(int offset, int length)
            throws Exception {
        var reads = new ArrayList<FutureTask<byte[]>>();
        data.beforeWrite =
                () -> {
                    var read = new FutureTask<>(() -> read(offset, length));
                    reads.add(read);
                    awaitWaiting(Thread.ofPlatform().daemon().start(read));
                };
        file.write(0, filled(16 << 10, NEW));
        assertThat(reads.getFirst().get(10, TimeUnit.SECONDS)).containsOnly(NEW);
    }

    /// Also when the block is zeroed and no data is written.
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void a_scrub_that_a_write_overtook_calls_nothing_damaged(boolean zero) {
        data.afterRead =
                () ->
                        await(
                                elsewhere(() -> {
                                    if (zero) {
                                        file.zero(0, BLOCK);
                                    } else {
                                        file.write(0, filled(BLOCK, NEW));
                                    }
                                }));
        assertThat(damaged()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {BLOCK, 5 * BLOCK})
    void a_scrub_that_meets_half_a_write_waits_for_its_other_half(int length) throws Exception {
        var scrubs = new ArrayList<FutureTask<List<Long>>>();
        data.beforeWrite =
                () -> {
                    var scrub = new FutureTask<>(this::damaged);
                    scrubs.add(scrub);
                    awaitWaiting(Thread.ofPlatform().daemon().start(scrub));
                };
        file.write(0, filled(length, NEW));
        assertThat(scrubs.getFirst().get(10, TimeUnit.SECONDS)).isEmpty();
    }

    private List<Long> damaged() {
        var damaged = new ArrayList<Long>();
        assertThat(file.check(0, SIZE, damaged::add)).isEqualTo(SIZE);
        return damaged;
    }

    private byte[] read(int offset, int length) {
        ByteBuffer into = ByteBuffer.allocateDirect(length);
        assertThat(file.read(offset, into)).isEqualTo(length);
        byte[] shown = new byte[length];
        into.flip().get(shown);
        return shown;
    }

    private static ByteBuffer filled(int length, byte value) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(length);
        while (bytes.hasRemaining()) {
            bytes.put(value);
        }
        return bytes.flip();
    }

    private static FutureTask<Boolean> elsewhere(Runnable work) {
        var task = new FutureTask<>(work, true);
        Thread _ = Thread.ofPlatform().daemon().start(task);
        return task;
    }

    private static void await(FutureTask<Boolean> task) {
        try {
            boolean _ = task.get(10, TimeUnit.SECONDS);
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new AssertionError(e);
        }
    }

    /// Until it waits for somebody, or is over.
    private static void awaitWaiting(Thread thread) {
        while (thread.getState() != Thread.State.WAITING && thread.isAlive()) {
            Thread.onSpinWait();
        }
    }
}
