// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Optional;

/// The key of something that is encrypted, wrapped by another one: may lie beside what it encrypts.
public final class KeyEnvelope {
    private static final SecureRandom RANDOM = new SecureRandom();

    private final String wrapper;
    private final byte[] wrapped;

    /// @param wrapper the id of the wrapping key
    public KeyEnvelope(String wrapper, byte[] wrapped) {
        this.wrapper = wrapper;
        this.wrapped = wrapped.clone();
    }

    /// One with a new random key.
    ///
    /// @param context what the key is for, see [KeyWrapper]
    /// @throws io.redoubt.core.fault.FaultException with [KeyFault.NoCipher] when nothing could be encrypted with it
    public static KeyEnvelope make(KeyWrapper keys, byte[] context) {
        Libcrypto.require();
        byte[] key = new byte[Xts.KEY];
        RANDOM.nextBytes(key);
        try {
            return new KeyEnvelope(keys.id(), keys.wrap(key, context));
        } finally {
            Arrays.fill(key, (byte) 0);
        }
    }

    /// The id of the wrapping key.
    public String wrapper() {
        return wrapper;
    }

    public byte[] wrapped() {
        return wrapped.clone();
    }

    /// The cipher under the key in it; empty when these keys do not unlock it.
    ///
    /// @throws io.redoubt.core.fault.FaultException with [KeyFault.NoCipher]
    public Optional<BlockCipher> open(KeyWrapper keys, byte[] context) {
        if (!keys.id().equals(wrapper)) {
            return Optional.empty();
        }
        Optional<byte[]> key = keys.unwrap(wrapped, context).filter(k -> k.length == Xts.KEY);
        if (key.isEmpty()) {
            return Optional.empty();
        }
        Libcrypto.require();
        try {
            return Optional.of(new BlockCipher(key.get()));
        } finally {
            Arrays.fill(key.get(), (byte) 0);
        }
    }
}
