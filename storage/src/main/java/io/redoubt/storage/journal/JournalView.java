// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.block.BlockImage;
import io.redoubt.storage.block.VolumeFault;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.Lock;

/// The volumes of a group as they were at one recovery point. It copies nothing and never changes; ingest goes on beside it.
///
/// Once the point is not kept any more a read is a fault, never other data: whoever reads for long holds a [Pin].
public final class JournalView {
    private final RecoveryPoint point;
    private final GroupState state;
    private final BlockReader reader;
    private final Runnable stillKept;

    /// @param stillKept throws when the point is not kept any more
    JournalView(RecoveryPoint point, GroupState state, BlockReader reader, Runnable stillKept) {
        this.point = point;
        this.state = state;
        this.reader = reader;
        this.stillKept = stillKept;
    }

    /// A member at any number.
    ///
    /// @param stillKept throws when the number cannot be seen any more
    static BlockImage at(Member member, long vseq, BlockReader reader, Runnable stillKept) {
        return new VolumeView(member, vseq, reader, stillKept);
    }

    public RecoveryPoint point() {
        return point;
    }

    /// One member's image.
    ///
    /// @throws IllegalArgumentException when the volume is not in the point
    public BlockImage volume(VolumeId volume) {
        Long vseq = point.vector().get(volume);
        if (vseq == null) {
            throw new IllegalArgumentException(
                    "recovery point " + point.number() + " does not hold volume " + volume);
        }
        return new VolumeView(state.require(volume), vseq, reader, stillKept);
    }

    private record VolumeView(Member member, long vseqMax, BlockReader reader, Runnable stillKept)
            implements BlockImage {
        @Override
        public long size() {
            return member.size;
        }

        /// @throws FaultException with [VolumeFault.Damaged] or a [JournalFault]
        @Override
        public void read(long offset, ByteBuffer into) {
            int length = into.remaining();
            if (offset < 0 || length > member.size - offset) {
                throw new FaultException(
                        new VolumeFault.OutOfRange(member.volume, offset, length, member.size));
            }
            ByteBuffer block = ByteBuffer.allocate(Blocks.SIZE);
            long at = offset;
            Lock reading = reader.reading();
            reading.lock();
            try {
                stillKept.run();
                while (into.hasRemaining()) {
                    long from = Blocks.down(at);
                    reader.version(member, from, vseqMax, block.clear());
                    int skip = (int) (at - from);
                    int count = Math.min(Blocks.SIZE - skip, into.remaining());
                    into.put(block.array(), skip, count);
                    at += count;
                }
            } finally {
                reading.unlock();
            }
        }
    }
}
