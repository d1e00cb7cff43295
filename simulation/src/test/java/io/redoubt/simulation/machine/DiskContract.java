// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFault;
import io.redoubt.core.port.DiskFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/// What every driver of [Disk] does, the simulated one and the real one. What a power loss leaves is the simulated one's own test.
abstract class DiskContract {
    /// An empty directory.
    abstract Disk disk();

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static String read(DiskFile file, long offset, int length) {
        ByteBuffer into = ByteBuffer.allocate(length);
        int count = file.read(offset, into);
        return new String(into.array(), 0, count, StandardCharsets.US_ASCII);
    }

    @Test
    void a_file_holds_what_was_written_also_past_its_end() {
        try (DiskFile file = disk().create("f")) {
            file.write(3, bytes("abc"));
            assertThat(file.size()).isEqualTo(6);
            assertThat(read(file, 0, 10)).isEqualTo("\0\0\0abc");
            file.write(4, bytes("X"));
            assertThat(read(file, 3, 3)).isEqualTo("aXc");
        }
    }

    @Test
    void a_read_at_or_past_the_end_finds_nothing() {
        try (DiskFile file = disk().create("f")) {
            file.write(0, bytes("abc"));
            assertThat(read(file, 3, 5)).isEmpty();
            assertThat(read(file, 1000, 5)).isEmpty();
        }
    }

    @Test
    void a_name_is_made_once_and_opened_only_when_it_exists() {
        Disk disk = disk();
        disk.create("f").close();
        assertThatThrownBy(() -> disk.create("f"))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> assertThat(e.fault()).isInstanceOf(DiskFault.Exists.class));
        assertThatThrownBy(() -> disk.open("g"))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> assertThat(e.fault()).isInstanceOf(DiskFault.Missing.class));
    }

    @Test
    void names_are_listed_sorted_and_follow_renames_and_deletions() {
        Disk disk = disk();
        disk.create("b").close();
        disk.create("a").close();
        try (DiskFile c = disk.create("c")) {
            c.write(0, bytes("new"));
        }
        assertThat(disk.list()).containsExactly("a", "b", "c");
        disk.rename("c", "a");
        disk.delete("b");
        disk.delete("never-there");
        disk.sync();
        assertThat(disk.list()).containsExactly("a");
        assertThat(disk.exists("a")).isTrue();
        assertThat(disk.exists("c")).isFalse();
        try (DiskFile a = disk.open("a")) {
            assertThat(read(a, 0, 9)).isEqualTo("new");
        }
    }

    @Test
    void an_open_file_goes_on_under_its_new_name() {
        Disk disk = disk();
        try (DiskFile file = disk.create("old")) {
            disk.rename("old", "new");
            file.write(0, bytes("x"));
            file.sync();
        }
        try (DiskFile file = disk.open("new")) {
            assertThat(read(file, 0, 1)).isEqualTo("x");
        }
    }

    @Test
    void allocated_and_extended_bytes_are_zero_and_nothing_shrinks_by_allocating() {
        try (DiskFile file = disk().create("f")) {
            file.write(0, bytes("abc"));
            file.allocate(8192);
            assertThat(file.size()).isEqualTo(8192);
            assertThat(read(file, 0, 5)).isEqualTo("abc\0\0");
            file.allocate(10);
            assertThat(file.size()).isEqualTo(8192);
            file.truncate(2);
            file.truncate(4);
            assertThat(read(file, 0, 9)).isEqualTo("ab\0\0");
        }
    }

    @Test
    void a_zeroed_range_reads_as_zeros_and_its_surroundings_stay() {
        try (DiskFile file = disk().create("f")) {
            file.write(0, bytes("abcdef"));
            file.zero(2, 2);
            assertThat(read(file, 0, 6)).isEqualTo("ab\0\0ef");
        }
    }

    @Test
    void a_mapping_and_the_file_show_each_other_and_survive_the_handle() {
        Disk disk = disk();
        try (DiskFile file = disk.create("f")) {
            MemorySegment memory = file.map(4096);
            memory.set(ValueLayout.JAVA_BYTE, 7, (byte) 'm');
            assertThat(read(file, 7, 1)).isEqualTo("m");
            file.write(8, bytes("w"));
            assertThat(memory.get(ValueLayout.JAVA_BYTE, 8)).isEqualTo((byte) 'w');
            file.sync();
        }
        try (DiskFile file = disk.open("f")) {
            assertThat(file.size()).isEqualTo(4096);
            assertThat(read(file, 7, 2)).isEqualTo("mw");
        }
    }

    @Test
    void two_handles_are_one_file() {
        Disk disk = disk();
        try (DiskFile one = disk.create("f");
                DiskFile two = disk.open("f")) {
            one.write(0, bytes("1"));
            two.write(1, bytes("2"));
            assertThat(read(one, 0, 2)).isEqualTo("12");
        }
    }

    @Test
    void room_that_is_not_there_is_refused_and_changes_nothing() {
        Disk disk = disk();
        try (DiskFile file = disk.create("f")) {
            file.write(0, bytes("abc"));
            assertThatThrownBy(() -> file.allocate(1L << 50))
                    .isInstanceOfSatisfying(
                            FaultException.class,
                            e -> assertThat(e.fault()).isInstanceOf(DiskFault.Full.class));
            assertThat(file.size()).isEqualTo(3);
        }
    }

    @Test
    void a_hole_has_no_room_until_it_is_written_or_allocated_and_again_none_once_it_is_punched() {
        try (DiskFile file = disk().create("f")) {
            file.truncate(1 << 20);
            assertThat(file.room()).isZero();
            file.allocate(64 << 10, 64 << 10);
            assertThat(file.room()).isEqualTo(64 << 10);
            assertThat(file.size()).isEqualTo(1 << 20);
            file.write(64 << 10, bytes("abc"));
            file.allocate(0, 128 << 10);
            assertThat(read(file, 64 << 10, 3)).isEqualTo("abc");
            assertThat(file.room()).isEqualTo(128 << 10);
            file.punch(64 << 10, 64 << 10);
            assertThat(file.room()).isEqualTo(64 << 10);
            assertThat(read(file, 64 << 10, 3)).isEqualTo("\0\0\0");
            assertThat(file.size()).isEqualTo(1 << 20);
        }
    }
}
