// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

/// Both below a raw volume.
class SealedContractTest extends AtRestContract {
    SealedContractTest() {
        super(new Sealing(true, true));
    }
}
