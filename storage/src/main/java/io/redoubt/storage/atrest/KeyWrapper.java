// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import java.util.Optional;

/// Locks the key of a volume with a key that lies elsewhere: a file now, later the control plane's or a tenant's own key service.
public interface KeyWrapper {
    /// Names the wrapping key, and tells nothing of it.
    String id();

    /// @param key     not kept
    /// @param context what the key is for; the same bytes unlock it, and no others
    byte[] wrap(byte[] key, byte[] context);

    /// The key, for the caller to wipe; empty when the bytes were not made by [#wrap] with this key and context.
    Optional<byte[]> unwrap(byte[] wrapped, byte[] context);
}
