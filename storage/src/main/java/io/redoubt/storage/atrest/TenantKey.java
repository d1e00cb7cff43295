// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.Optional;
import javax.crypto.KDF;
import javax.crypto.SecretKey;
import javax.crypto.spec.HKDFParameterSpec;

/// The key that wraps the keys of one tenant's groups, derived from the region key by HKDF-SHA256 with the tenant's name: two tenants never
/// share one, no file of it can be lost, and whoever has the region key and the name has it.
///
/// Its id is the tenant's name, a slash, and 16 digits.
final class TenantKey implements KeyWrapper {
    private static final int KEY = 32;
    private static final String INFO = "redoubt tenant key ";

    private final AesWrap wrap;
    private final String id;

    /// @param regionKey as strong as its length: it is expanded, and nothing is extracted
    TenantKey(SecretKey regionKey, String tenant) {
        if (tenant.isEmpty()) {
            throw new IllegalArgumentException("a tenant has a name");
        }
        try {
            var info =
                    HKDFParameterSpec.expandOnly(regionKey, (INFO + tenant).getBytes(UTF_8), KEY);
            wrap = new AesWrap(KDF.getInstance("HKDF-SHA256").deriveKey("AES", info));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e); // every JDK from 25 on has HKDF
        }
        byte[] key = wrap.key().getEncoded();
        id = tenant + "/" + AesWrap.idOf("redoubt tenant key id", key);
        Arrays.fill(key, (byte) 0);
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public byte[] wrap(byte[] key, byte[] context) {
        return wrap.wrap(key, context);
    }

    @Override
    public Optional<byte[]> unwrap(byte[] wrapped, byte[] context) {
        return wrap.unwrap(wrapped, context);
    }
}
