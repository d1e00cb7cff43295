// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.volume;

import io.redoubt.storage.atrest.KeyWrapper;
import java.util.Arrays;
import java.util.Optional;

/// A region key that hides nothing and checks everything: what was wrapped for one context is not unlocked for another.
final class SimRegionKey implements KeyWrapper {
    private static final int TAG = 4;

    @Override
    public String id() {
        return "0123456789abcdef";
    }

    @Override
    public byte[] wrap(byte[] key, byte[] context) {
        byte[] wrapped = Arrays.copyOf(key, key.length + TAG);
        int tag = tag(wrapped, key.length, context);
        for (int i = 0; i < TAG; i++) {
            wrapped[key.length + i] = (byte) (tag >>> (8 * i));
        }
        return wrapped;
    }

    @Override
    public Optional<byte[]> unwrap(byte[] wrapped, byte[] context) {
        byte[] key = Arrays.copyOf(wrapped, Math.max(0, wrapped.length - TAG));
        return Arrays.equals(wrap(key, context), wrapped) ? Optional.of(key) : Optional.empty();
    }

    private static int tag(byte[] bytes, int length, byte[] context) {
        return 31 * Arrays.hashCode(Arrays.copyOf(bytes, length)) + Arrays.hashCode(context);
    }
}
