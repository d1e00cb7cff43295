// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.replication;

import io.redoubt.simulation.machine.Violation;
import io.redoubt.storage.block.BlockImage;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The slow and obvious truth about one volume: every write with its number, replayed into an array.
///
/// A write in which the process died has no known number. What is on the disk after the restart stands in the log as one write at the last
/// number that the restart left: points below it do not see it, points above it do.
public final class Oracle {
    private static final byte NOT_READ = 0x5A;

    private final String volume;
    private final int size;
    private final List<Write> writes = new ArrayList<>();
    private final byte[]
            found; // kept: a new one for each look would be most of what a world allocates
    private byte[] replayed;
    private int replayedCount;
    private long replayedTo;

    /// One write, with its number.
    static final class Write {
        final long vseq;
        final int offset;
        final byte[] data;

        Write(long vseq, int offset, byte[] data) {
            this.vseq = vseq;
            this.offset = offset;
            this.data = data;
        }
    }

    public Oracle(String volume, int size) {
        this.volume = volume;
        this.size = size;
        this.replayed = new byte[size];
        this.found = new byte[size];
    }

    public void wrote(long vseq, int offset, byte[] data) {
        wrote(new Write(vseq, offset, data));
    }

    void wrote(Write write) {
        if (!writes.isEmpty() && write.vseq < writes.getLast().vseq) {
            throw new Violation(
                    "rule 6: %s gave number %d after %d"
                            .formatted(volume, write.vseq, writes.getLast().vseq));
        }
        writes.add(write);
    }

    /// The whole volume is what this image says, from this number on, or from the last that is known when that is higher.
    void became(long vseq, BlockImage image) {
        long known = writes.isEmpty() ? 0 : writes.getLast().vseq;
        wrote(Math.max(known, vseq), 0, content(image));
    }

    public byte[] at(long vseq) {
        return replayedTo(vseq).clone();
    }

    /// A part of it.
    public byte[] at(long vseq, int from, int to) {
        return Arrays.copyOfRange(replayedTo(vseq), from, to);
    }

    /// Of this oracle: valid until it is asked again.
    private byte[] replayedTo(long vseq) {
        // Numbers only rise, so what a number sees is a beginning of the list; the last answer is
        // mostly a beginning of the next one.
        if (vseq < replayedTo) {
            replayed = new byte[size];
            replayedCount = 0;
        }
        while (replayedCount < writes.size() && writes.get(replayedCount).vseq <= vseq) {
            Write write = writes.get(replayedCount++);
            System.arraycopy(write.data, 0, replayed, write.offset, write.data.length);
        }
        replayedTo = replayedCount == 0 ? 0 : writes.get(replayedCount - 1).vseq;
        return replayed;
    }

    public void requireSame(String invariant, BlockImage image, long vseq) {
        byte[] expected = replayedTo(vseq);
        Arrays.fill(found, NOT_READ);
        image.read(0, ByteBuffer.wrap(found));
        int at = Arrays.mismatch(expected, found);
        if (at >= 0) {
            throw new Violation(
                    "%s: %s at number %d differs in block %d (byte %d): expected %02x, found %02x"
                            .formatted(
                                    invariant,
                                    volume,
                                    vseq,
                                    at / 4096,
                                    at,
                                    expected[at],
                                    found[at]));
        }
    }

    public byte[] content(BlockImage image) {
        ByteBuffer bytes = ByteBuffer.allocate(size);
        image.read(0, bytes);
        return bytes.array();
    }
}
