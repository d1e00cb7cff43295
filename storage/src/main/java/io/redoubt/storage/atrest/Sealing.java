// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

/// What protects a volume's content at rest. It is chosen when the volume is made, and stays.
///
/// @param encrypted AES-256-XTS under a key of its own
/// @param checked   a checksum for each block of 4 KiB
public record Sealing(boolean encrypted, boolean checked) {
    public static final Sealing NONE = new Sealing(false, false);

    @Override
    public String toString() {
        if (encrypted) {
            return checked ? "encryption and integrity" : "encryption alone";
        }
        return checked ? "integrity alone" : "neither encryption nor integrity";
    }
}
