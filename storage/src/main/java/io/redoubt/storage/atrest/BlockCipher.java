// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;

/// AES-256-XTS under one key, for blocks of 4 KiB that lie elsewhere than in a volume's file. Each has a number, its tweak.
///
/// A number may be used again, as when a block is overwritten in place or a crash made its place free: who has both states of the disk sees
/// which of the 16-byte units are equal, and nothing else (ADR 15).
public final class BlockCipher implements AutoCloseable {
    private static final Cleaner CLEANER = Cleaner.create();

    private final Xts xts;
    private final Cleaner.Cleanable cleanable;

    /// @param key 64 bytes, not kept
    BlockCipher(byte[] key) {
        Xts made = new Xts(key);
        this.xts = made;
        this.cleanable = CLEANER.register(this, made::wipe);
    }

    /// Encrypts a block where it lies, in a buffer that may be written.
    public void encrypt(long number, ByteBuffer buffer, int at) {
        MemorySegment block = block(buffer, at);
        Xts.Lane lane = xts.borrow();
        try {
            lane.encrypt(number, block, block);
        } finally {
            xts.giveBack(lane);
            Reference.reachabilityFence(this);
        }
    }

    public void decrypt(long number, ByteBuffer buffer, int at) {
        MemorySegment block = block(buffer, at);
        Xts.Lane lane = xts.borrow();
        try {
            lane.decrypt(number, block, block);
        } finally {
            xts.giveBack(lane);
            Reference.reachabilityFence(this);
        }
    }

    private static MemorySegment block(ByteBuffer buffer, int at) {
        return MemorySegment.ofBuffer(buffer.duplicate().clear()).asSlice(at, StoredBlocks.BLOCK);
    }

    /// Wipes the key. Call when nobody uses it and nobody will; the key of one that is forgotten is wiped some time later.
    @Override
    public void close() {
        cleanable.clean();
    }
}
