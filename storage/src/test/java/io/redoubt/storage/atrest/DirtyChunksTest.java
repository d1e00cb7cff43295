// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.core.port.DiskFile;
import io.redoubt.core.system.SystemDisk;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.BitSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirtyChunksTest {
    private static final int COUNT = 70; // more than a word has bits

    @TempDir Path root;
    private DiskFile file;

    @BeforeEach
    void make() {
        file = new SystemDisk(root.resolve("v")).create("volume.dirty");
    }

    @AfterEach
    void close() {
        file.close();
    }

    @Test
    void what_was_written_to_is_dirty_for_the_next_process() {
        var chunks = new DirtyChunks(file, COUNT);
        write(chunks, 2, 3);
        write(chunks, 66, 66);
        assertThat(new DirtyChunks(file, COUNT).dirty()).isEqualTo(bits(2, 3, 66));
    }

    /// A sector of the map that the power tore says nothing that can be believed.
    @Test
    void a_sector_that_does_not_match_its_checksum_makes_all_of_its_chunks_dirty() {
        write(new DirtyChunks(file, COUNT), 66, 66);
        file.write(8, ByteBuffer.allocate(8)); // the bit is gone, its checksum is not
        assertThat(new DirtyChunks(file, COUNT).dirty().cardinality()).isEqualTo(COUNT);
    }

    @Test
    void a_chunk_that_rested_is_forgotten_durably() {
        var chunks = new DirtyChunks(file, COUNT);
        write(chunks, 5, 6);
        assertThat(chunks.quiet()).as("written a moment ago").isEqualTo(bits());
        assertThat(chunks.quiet()).isEqualTo(bits(5, 6));
        chunks.forget(bits(5, 6));
        assertThat(chunks.dirty()).isEqualTo(bits());
        assertThat(new DirtyChunks(file, COUNT).dirty()).isEqualTo(bits());
    }

    /// Between the look and the forgetting somebody came back: under way, or done already.
    @Test
    void a_chunk_that_is_written_again_is_not_forgotten() {
        var chunks = new DirtyChunks(file, COUNT);
        write(chunks, 5, 7);
        var _ = chunks.quiet();
        assertThat(chunks.quiet()).isEqualTo(bits(5, 6, 7));
        chunks.announce(5, 5);
        write(chunks, 6, 6);
        chunks.forget(bits(5, 6, 7));
        assertThat(chunks.dirty()).isEqualTo(bits(5, 6));
        assertThat(new DirtyChunks(file, COUNT).dirty()).isEqualTo(bits(5, 6));
    }

    private static void write(DirtyChunks chunks, int first, int last) {
        chunks.announce(first, last);
        chunks.makeDirty(first, last);
        chunks.end(first, last);
    }

    private static BitSet bits(int... set) {
        var bits = new BitSet();
        for (int each : set) {
            bits.set(each);
        }
        return bits;
    }
}
