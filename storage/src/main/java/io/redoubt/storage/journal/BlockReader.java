// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.block.VolumeFault;
import java.nio.ByteBuffer;

/// Reads versions of blocks and checks every byte that it hands out.
final class BlockReader {
    private final Segments segments;
    private final Index index;

    BlockReader(Segments segments, Index index) {
        this.segments = segments;
        this.index = index;
    }

    /// Fills a buffer of one block with its newest content; leaves it zero when it was never written.
    ///
    /// @return false when the content cannot be trusted, and so nothing made from it can
    boolean newest(int slot, long offset, ByteBuffer into) {
        IndexEntry entry = index.newest(Blocks.place(slot, offset / Blocks.SIZE), Long.MAX_VALUE);
        return entry == null || entry.segment() == 0 || (read(entry, into) && !entry.damaged());
    }

    /// @param offset of the block in the volume, for the fault
    /// @throws FaultException with [VolumeFault.Damaged], never other data
    void version(Member member, long offset, long vseqMax, ByteBuffer into) {
        IndexEntry entry = index.newest(Blocks.place(member.slot, offset / Blocks.SIZE), vseqMax);
        if (entry == null || entry.segment() == 0) {
            into.put(new byte[Blocks.SIZE]);
            return;
        }
        if (entry.damaged() || !read(entry, into)) {
            throw new FaultException(
                    new VolumeFault.Damaged(
                            member.volume,
                            offset,
                            "%s at %d"
                                    .formatted(Segments.name(entry.segment()), entry.position())));
        }
    }

    private boolean read(IndexEntry entry, ByteBuffer into) {
        int from = into.position();
        int count =
                segments.file(entry.segment())
                        .read(entry.position(), into.slice(from, Blocks.SIZE));
        into.position(from + Blocks.SIZE);
        return count == Blocks.SIZE && Checksum.of(into, from, Blocks.SIZE) == entry.crc();
    }
}
