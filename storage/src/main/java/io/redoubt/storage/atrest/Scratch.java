// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/// What a thread needs while it is inside a sealed file, for all of them.
final class Scratch {
    /// The most bytes in one call of the file below: it stays in the processor's second cache from the cipher to the copy.
    static final int PIECE = 128 << 10;

    private static final ThreadLocal<Scratch> OF_THREAD = ThreadLocal.withInitial(Scratch::new);

    final MemorySegment pieceBytes = Arena.ofAuto().allocate(PIECE, 4096);
    final ByteBuffer piece = pieceBytes.asByteBuffer();
    final MemorySegment storedBytes = Arena.ofAuto().allocate(StoredBlocks.BLOCK, 4096);
    final ByteBuffer stored = storedBytes.asByteBuffer();
    final MemorySegment plainBytes = Arena.ofAuto().allocate(StoredBlocks.BLOCK, 4096);
    final ByteBuffer plain = plainBytes.asByteBuffer();
    private final CRC32C crc = new CRC32C();

    private Scratch() {}

    static Scratch get() {
        return OF_THREAD.get();
    }

    /// The CRC32C of bytes from..to, whatever position and limit are; both are changed.
    int crc(ByteBuffer bytes, int from, int to) {
        crc.reset();
        crc.update(bytes.limit(to).position(from));
        return (int) crc.getValue();
    }
}
