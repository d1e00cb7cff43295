// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.journal;

import io.redoubt.storage.atrest.KeyWrapper;
import java.util.Arrays;
import java.util.Optional;

/// A wrapping key without secrets: it only notices when it is given what another name or context has wrapped.
///
/// @param id its name
public record SimKeys(String id) implements KeyWrapper {
    private static final int MARK = 4;

    @Override
    public byte[] wrap(byte[] key, byte[] context) {
        byte[] wrapped = Arrays.copyOf(key, key.length + MARK);
        for (int i = 0; i < MARK; i++) {
            wrapped[key.length + i] = (byte) (mark(context) >>> (8 * i));
        }
        return wrapped;
    }

    @Override
    public Optional<byte[]> unwrap(byte[] wrapped, byte[] context) {
        byte[] key = Arrays.copyOf(wrapped, wrapped.length - MARK);
        return Arrays.equals(wrap(key, context), wrapped) ? Optional.of(key) : Optional.empty();
    }

    private int mark(byte[] context) {
        return Arrays.hashCode(context) * 31 + id.hashCode();
    }
}
