// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.fault.FaultException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The promises of [BlockDevice]; each implementation passes them.
public abstract class BlockDeviceContract {
    protected static final int SIZE = 1 << 20;

    private BlockDevice device;

    /// A new device of [#SIZE] bytes that shows `content`.
    protected abstract BlockDevice make(byte[] content) throws Exception;

    @BeforeEach
    void makeEmpty() throws Exception {
        device = make(new byte[SIZE]);
    }

    @AfterEach
    void close() {
        device.close();
    }

    @Test
    void its_size_is_known() {
        assertThat(device.size()).isEqualTo(SIZE);
    }

    @Test
    void what_was_written_is_read() {
        byte[] bytes = random(5000, 1);
        device.write(4000, ByteBuffer.wrap(bytes));
        assertThat(read(4000, 5000)).isEqualTo(bytes);
    }

    @Test
    void a_buffer_is_used_from_its_position_to_its_limit_only() {
        ByteBuffer from = ByteBuffer.wrap(random(100, 2)).position(10).limit(20);
        byte[] expected = Arrays.copyOfRange(from.array(), 10, 20);
        device.write(50, from);
        assertThat(from.position()).isEqualTo(20);
        ByteBuffer into = ByteBuffer.allocateDirect(100).position(30).limit(40);
        device.read(50, into);
        assertThat(into.position()).isEqualTo(40);
        assertThat(into.limit()).isEqualTo(40);
        byte[] got = new byte[10];
        into.get(30, got);
        assertThat(got).isEqualTo(expected);
        assertThat(into.get(29)).isZero();
        assertThat(into.get(40 - 1)).isEqualTo(expected[9]);
    }

    @ParameterizedTest
    @CsvSource({
        "1048576,1",
        "1048575,2",
        "-1,1",
        "-1,0",
        "1048577,0",
        "9223372036854775807,1",
        "9223372036854775807,1048576",
        "-9223372036854775808,8"
    })
    void a_range_that_is_not_inside_is_refused_and_nothing_changes(long offset, int length) {
        device.write(SIZE - 4, ByteBuffer.wrap(new byte[] {1, 2, 3, 4}));
        assertOutOfRange(() -> device.read(offset, ByteBuffer.allocate(length)));
        assertOutOfRange(() -> device.write(offset, ByteBuffer.allocate(length)));
        assertOutOfRange(() -> device.zero(offset, length));
        assertThat(read(SIZE - 4, 4)).containsExactly(1, 2, 3, 4);
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, Long.MAX_VALUE, Long.MIN_VALUE, SIZE + 1L})
    void a_length_that_is_not_possible_is_refused(long length) {
        assertOutOfRange(() -> device.zero(0, length));
        assertOutOfRange(() -> device.zero(1, length));
        assertOutOfRange(() -> device.zero(SIZE, length));
    }

    @Test
    void the_first_and_the_last_byte_can_be_used() {
        device.write(0, ByteBuffer.wrap(new byte[] {7}));
        device.write(SIZE - 1, ByteBuffer.wrap(new byte[] {9}));
        assertThat(read(0, 1)).containsExactly(7);
        assertThat(read(SIZE - 1, 1)).containsExactly(9);
        device.read(SIZE, ByteBuffer.allocate(0));
        device.zero(SIZE, 0);
        device.zero(0, SIZE);
        assertThat(read(0, SIZE)).isEqualTo(new byte[SIZE]);
    }

    /// The oracle is a plain array.
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void random_work_shows_what_a_plain_array_shows(long seed) throws Exception {
        device.close();
        byte[] oracle = random(SIZE, seed);
        device = make(oracle.clone());
        var random = new SplittableRandom(seed);
        for (int step = 0; step < 600; step++) {
            int length = length(random);
            int offset = random.nextInt(SIZE - length + 1);
            if (random.nextInt(3) == 0) {
                offset -= offset % 512;
            }
            switch (random.nextInt(8)) {
                case 0 -> {
                    device.zero(offset, length);
                    Arrays.fill(oracle, offset, offset + length, (byte) 0);
                }
                case 1 -> device.flush();
                case 2, 3 ->
                        assertThat(read(offset, length))
                                .as("seed %d step %d at %d", seed, step, offset)
                                .isEqualTo(Arrays.copyOfRange(oracle, offset, offset + length));
                default -> {
                    byte[] bytes = random(length, random.nextLong());
                    device.write(offset, direct(bytes));
                    System.arraycopy(bytes, 0, oracle, offset, length);
                }
            }
        }
        assertThat(Arrays.mismatch(read(0, SIZE), oracle))
                .as("seed %d, first byte that differs", seed)
                .isEqualTo(-1);
    }

    @Test
    void writes_beside_each_other_in_one_sector_from_many_threads_all_arrive() throws Exception {
        int threads = 4;
        try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            Future<?>[] all = new Future<?>[threads];
            for (int t = 0; t < threads; t++) {
                byte mark = (byte) (t + 1);
                int first = t;
                all[t] =
                        pool.submit(() -> {
                            for (int at = first; at < 64 << 10; at += threads) {
                                device.write(at, ByteBuffer.wrap(new byte[] {mark}));
                            }
                        });
            }
            for (Future<?> one : all) {
                one.get();
            }
        }
        byte[] shown = read(0, 64 << 10);
        for (int at = 0; at < shown.length; at++) {
            assertThat(shown[at]).as("byte %d", at).isEqualTo((byte) (at % threads + 1));
        }
    }

    /// Whatever was written and zeroed before: the extents of any range cover it exactly, and only zeros are called so.
    @Test
    void extents_cover_a_range_and_what_is_not_data_reads_as_zeros() {
        var random = new SplittableRandom(9);
        for (int i = 0; i < 30; i++) {
            int bytes = length(random);
            long at = random.nextInt(SIZE - bytes);
            if (i % 3 == 2) {
                device.zero(at, bytes);
            } else {
                device.write(at, ByteBuffer.wrap(random(bytes, i)));
            }
            int asked = length(random);
            long from = random.nextInt(SIZE - asked);
            var covered = new long[] {from};
            device.extents(
                    from,
                    asked,
                    (count, kind) -> {
                        assertThat(count).isPositive();
                        if (kind != BlockImage.Kind.DATA) {
                            assertThat(read(covered[0], (int) count)).containsOnly(0);
                        }
                        covered[0] += count;
                        return true;
                    });
            assertThat(covered[0]).isEqualTo(from + asked);
        }
        assertOutOfRange(() -> device.extents(SIZE - 1, 2, (_, _) -> true));
    }

    @Test
    void extents_end_when_the_sink_has_enough() {
        for (int at = 0; at < SIZE; at += 64 << 10) {
            device.write(at, ByteBuffer.wrap(random(4096, at)));
        }
        var calls = new int[1];
        device.extents(0, SIZE, (_, _) -> ++calls[0] < 2);
        assertThat(calls[0]).isLessThanOrEqualTo(2);
    }

    protected byte[] read(long offset, int length) {
        ByteBuffer into = ByteBuffer.allocateDirect(length);
        device.read(offset, into);
        byte[] bytes = new byte[length];
        into.flip().get(bytes);
        return bytes;
    }

    protected BlockDevice device() {
        return device;
    }

    protected static byte[] random(int length, long seed) {
        byte[] bytes = new byte[length];
        new SplittableRandom(seed).nextBytes(bytes);
        return bytes;
    }

    private static ByteBuffer direct(byte[] bytes) {
        return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    }

    private static int length(SplittableRandom random) {
        return switch (random.nextInt(4)) {
            case 0 -> random.nextInt(1, 700);
            case 1 -> 512 * random.nextInt(1, 20);
            case 2 -> 4096 * random.nextInt(1, 5);
            default -> random.nextInt(1, 150_000);
        };
    }

    private static void assertOutOfRange(
            org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> assertThat(e.fault()).isInstanceOf(VolumeFault.OutOfRange.class));
    }
}
