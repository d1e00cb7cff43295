// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

/// Integrity alone below a raw volume.
class CheckedContractTest extends AtRestContract {
    CheckedContractTest() {
        super(new Sealing(false, true));
    }
}
