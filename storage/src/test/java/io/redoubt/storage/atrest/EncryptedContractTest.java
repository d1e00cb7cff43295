// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

/// Encryption alone below a raw volume.
class EncryptedContractTest extends AtRestContract {
    EncryptedContractTest() {
        super(new Sealing(true, false));
    }
}
