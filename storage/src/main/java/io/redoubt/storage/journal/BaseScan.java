// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.port.DiskFile;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantLock;

/// Reads blocks of an adopted base in order and writes down their checksums, up to the next place that is noted.
///
/// Nobody else writes this stretch of the table, and nobody trusts it before it is noted. Memory holds one piece.
final class BaseScan {
    private static final int PIECE_BLOCKS = 256;
    private static final ByteBuffer ZEROS = ByteBuffer.allocate(Blocks.SIZE).asReadOnlyBuffer();

    private final DiskFile data;
    private final DiskFile checksums;
    private final int slot;
    private final long end;
    private final ReentrantLock stepping = new ReentrantLock();
    private final ByteBuffer piece = LogRecord.buffer(PIECE_BLOCKS * Blocks.SIZE);
    private final ByteBuffer sums = LogRecord.buffer(PIECE_BLOCKS * 4);
    private long at;
    private boolean over;

    BaseScan(DiskFile data, DiskFile checksums, int slot, long from, long end) {
        this.data = data;
        this.checksums = checksums;
        this.slot = slot;
        this.at = from;
        this.end = end;
    }

    int slot() {
        return slot;
    }

    /// The checksums of so many first blocks are durable, once [#step] has said that nothing is left.
    long settled() {
        return end;
    }

    /// Goes on for about so many bytes.
    ///
    /// @return false when its checksums are durable and wait to be noted
    boolean step(long bytes) {
        stepping.lock();
        try {
            for (long left = bytes; left > 0 && at < end && !over; ) {
                int count = (int) Math.min(PIECE_BLOCKS, end - at);
                piece.clear().limit(count * Blocks.SIZE);
                int read = data.read(at * Blocks.SIZE, piece);
                if (read < count * Blocks.SIZE) {
                    throw new IllegalStateException(
                            "an adopted base of %d blocks ends in block %d"
                                    .formatted(end, at + read / Blocks.SIZE));
                }
                sums.clear();
                for (int i = 0; i < count; i++) {
                    ByteBuffer block = piece.slice(i * Blocks.SIZE, Blocks.SIZE);
                    sums.putInt(block.equals(ZEROS) ? 0 : Base.kept(Checksum.of(block)));
                }
                checksums.write(at * 4, sums.flip());
                at += count;
                left -= (long) count * Blocks.SIZE;
            }
            if (at < end || over) {
                return !over;
            }
            checksums.sync();
            over = true;
            return false;
        } finally {
            stepping.unlock();
        }
    }

    /// No step does anything any more: its files are about to be closed.
    void end() {
        stepping.lock();
        try {
            over = true;
        } finally {
            stepping.unlock();
        }
    }
}
