// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import io.redoubt.core.VolumeId;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicReferenceArray;

/// AES-256-XTS (IEEE 1619) under one key: the data unit is a block of 4 KiB, the tweak its number, little-endian.
///
/// Each use borrows a [Lane], because libcrypto's contexts are for one thread at a time. Lanes are kept; there are as many as there were uses
/// at the same time, at most [#LANES] of them beyond the uses themselves.
final class Xts {
    static final int KEY = 64;
    private static final int LANES = 32;
    private static final ValueLayout.OfLong NUMBER =
            ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment encrypting;
    private final MemorySegment decrypting;
    private final AtomicReferenceArray<Lane> idle = new AtomicReferenceArray<>(LANES);

    /// @param key 64 bytes: the data key, then the tweak key; not kept here
    /// @throws io.redoubt.core.fault.FaultException with [io.redoubt.storage.block.VolumeFault.NoCipher]
    Xts(VolumeId volume, byte[] key) {
        Libcrypto.require(volume, Libcrypto.LIBRARY);
        this(key);
    }

    /// The caller has asked for the library.
    Xts(byte[] key) {
        if (key.length != KEY) {
            throw new IllegalArgumentException("a key has 64 bytes, not " + key.length);
        }
        encrypting = Libcrypto.newXts(key, true);
        decrypting = Libcrypto.newXts(key, false);
    }

    static final class Lane {
        private final MemorySegment encrypting;
        private final MemorySegment decrypting;
        private final MemorySegment tweak = Arena.ofAuto().allocate(16, 8);
        private final MemorySegment length = Arena.ofAuto().allocate(4, 4);

        private Lane(Xts xts) {
            encrypting = Libcrypto.copy(xts.encrypting);
            decrypting = Libcrypto.copy(xts.decrypting);
        }

        /// @param in 16 to 4096 bytes, a multiple of 16; as many go to `out`
        void encrypt(long block, MemorySegment in, MemorySegment out) {
            tweak.set(NUMBER, 0, block);
            Libcrypto.crypt(encrypting, tweak, length, in, out);
        }

        void decrypt(long block, MemorySegment in, MemorySegment out) {
            tweak.set(NUMBER, 0, block);
            Libcrypto.crypt(decrypting, tweak, length, in, out);
        }

        private void free() {
            Libcrypto.free(encrypting);
            Libcrypto.free(decrypting);
        }
    }

    Lane borrow() {
        int first = (int) Thread.currentThread().threadId() & (LANES - 1);
        for (int i = 0; i < LANES; i++) {
            Lane lane = idle.getAndSet((first + i) & (LANES - 1), null);
            if (lane != null) {
                return lane;
            }
        }
        return new Lane(this);
    }

    void giveBack(Lane lane) {
        int first = (int) Thread.currentThread().threadId() & (LANES - 1);
        for (int i = 0; i < LANES; i++) {
            if (idle.compareAndSet((first + i) & (LANES - 1), null, lane)) {
                return;
            }
        }
        lane.free();
    }

    /// Wipes the key. Call when nobody uses it and nobody will.
    void wipe() {
        for (int i = 0; i < LANES; i++) {
            Lane lane = idle.getAndSet(i, null);
            if (lane != null) {
                lane.free();
            }
        }
        Libcrypto.free(encrypting);
        Libcrypto.free(decrypting);
    }
}
