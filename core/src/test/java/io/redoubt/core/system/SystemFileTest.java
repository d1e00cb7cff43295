// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core.system;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.DiskFault;
import io.redoubt.core.port.DiskFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SystemFileTest {
    @TempDir Path directory;
    private SystemDisk disk;
    private DiskFile file;

    @BeforeEach
    void create() {
        disk = new SystemDisk(directory);
        file = disk.create("f");
    }

    @AfterEach
    void close() {
        file.close();
    }

    /// An NIO channel would close itself here, and every later call of every thread would fail.
    @Test
    void an_interrupted_thread_reads_and_writes_and_the_file_stays_open() {
        Thread.currentThread().interrupt();
        file.write(0, ByteBuffer.wrap("hello".getBytes(US_ASCII)));
        file.sync();
        assertThat(file.size()).isEqualTo(5);
        assertThat(Thread.interrupted()).isTrue();
        assertThat(text(0, 5)).isEqualTo("hello");
    }

    @Test
    void heap_and_direct_buffers_of_any_size_carry_the_same_bytes() {
        byte[] bytes = new byte[200_001];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i * 31 + i / 251);
        }
        file.write(7, ByteBuffer.wrap(bytes));
        ByteBuffer direct = ByteBuffer.allocateDirect(bytes.length);
        assertThat(file.read(7, direct)).isEqualTo(bytes.length);
        file.write(300_000, direct.flip());
        ByteBuffer heap = ByteBuffer.allocate(bytes.length + 10);
        assertThat(file.read(300_000, heap)).isEqualTo(bytes.length);
        assertThat(heap.flip()).isEqualTo(ByteBuffer.wrap(bytes));
    }

    @Test
    void a_read_past_the_end_gives_nothing() {
        assertThat(file.read(10, ByteBuffer.allocate(4))).isZero();
    }

    @Test
    void allocated_bytes_have_blocks_and_are_zero() throws Exception {
        file.allocate(1 << 20);
        Process stat =
                new ProcessBuilder("stat", "--format=%b", directory.resolve("f").toString())
                        .start();
        String blocks = new String(stat.getInputStream().readAllBytes(), US_ASCII).strip();
        assertThat(Long.parseLong(blocks) * 512).isGreaterThanOrEqualTo(1 << 20);
        assertThat(text(0, 3)).isEqualTo("\0\0\0");
    }

    @Test
    void more_than_the_disk_has_is_refused_without_effect() {
        assertThatThrownBy(() -> file.allocate(Long.MAX_VALUE / 2))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> assertThat(e.fault()).isInstanceOf(DiskFault.Full.class));
        assertThat(file.size()).isZero();
    }

    @Test
    void a_zeroed_range_is_zero_and_its_neighbours_are_not() {
        file.write(0, ByteBuffer.wrap("abcdefgh".getBytes(US_ASCII)));
        file.zero(2, 3);
        assertThat(text(0, 8)).isEqualTo("ab\0\0\0fgh");
    }

    @Test
    void a_mapping_and_the_file_are_the_same_bytes() {
        MemorySegment map = file.map(4096);
        map.set(ValueLayout.JAVA_BYTE, 5, (byte) 'x');
        assertThat(text(5, 1)).isEqualTo("x");
        file.write(6, ByteBuffer.wrap("y".getBytes(US_ASCII)));
        assertThat(map.get(ValueLayout.JAVA_BYTE, 6)).isEqualTo((byte) 'y');
    }

    @Test
    void a_closed_file_refuses_and_its_mapping_too() {
        MemorySegment map = file.map(4096);
        file.close();
        assertThatThrownBy(() -> file.read(0, ByteBuffer.allocate(1)))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("closed");
        assertThatThrownBy(() -> map.get(ValueLayout.JAVA_BYTE, 0))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void a_missing_and_an_existing_name_are_told_apart() {
        assertThatThrownBy(() -> disk.open("nothing")).hasMessageContaining("does not exist");
        assertThatThrownBy(() -> disk.create("f")).hasMessageContaining("exists already");
    }

    private String text(long offset, int length) {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        file.read(offset, buffer);
        return new String(buffer.array(), US_ASCII);
    }
}
