// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core.port;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/// An open file; see [Disk] for what survives a crash. Safe for use by several threads at once.
public interface DiskFile extends AutoCloseable {
    /// Reads until the buffer is full or the file ends.
    ///
    /// @return the bytes read, 0 at or past the end
    int read(long offset, ByteBuffer into);

    /// Writes the whole buffer, growing the file as needed.
    void write(long offset, ByteBuffer from);

    /// Makes every write that returned before this call durable, with the file's size (fdatasync). A failure is final for the
    /// file: its unsynced content is unknown from then on.
    void sync();

    long size();

    /// Gives the file this size with blocks behind every byte of it; new bytes are zero. Refused without effect when the disk is full.
    void allocate(long size);

    /// Puts blocks behind every byte of a range inside the file; what is there already stays as it is, the rest reads as zeros.
    /// Refused when the disk is full; then a part of the range may have its blocks.
    void allocate(long offset, long length);

    /// Turns a range inside the file into a hole: zeros without blocks behind them. The first and the last block of the disk (4 KiB at
    /// most) may keep theirs when the range covers only a part of them.
    void punch(long offset, long length);

    /// Bytes of the disk that stand behind the file now: holes count nothing. The disk's own index of the file may be counted with it.
    long room();

    /// Cuts or extends (with a hole) to this size.
    void truncate(long size);

    /// Turns a range into zeros and keeps its room.
    void zero(long offset, long length);

    /// Whether [#zero] is much faster than writing, for every range inside the file.
    default boolean zeroesFast() {
        return false;
    }

    /// The first byte at or after this one that was ever written, or the size: what lies between reads as zeros. A file that
    /// does not know says `offset`.
    default long nextData(long offset) {
        return offset;
    }

    /// The first byte at or after this one that was never written, or the size.
    default long nextHole(long offset) {
        return size();
    }

    /// Sends bytes to a socket inside the kernel.
    ///
    /// @param socket a descriptor that blocks, or negative to ask only
    /// @return bytes that the socket took (or would), at least 1, perhaps fewer than asked; -1 when this file cannot do it, or the socket
    ///     is gone, which the next use of the socket then finds
    default long send(long offset, long length, int socket) {
        return -1;
    }

    /// The first `size` bytes as memory that is the file: a store is a write that no sync covers until [#sync()].
    /// Valid until the file is closed.
    MemorySegment map(long size);

    @Override
    void close();
}
