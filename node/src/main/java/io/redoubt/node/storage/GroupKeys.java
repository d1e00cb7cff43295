// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.storage.atrest.FileRegionKey;
import io.redoubt.storage.atrest.KeyWrapper;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// What wraps the keys of the groups whose journals this node keeps: for each tenant a key that comes from this node's region key, the file
/// that wraps the keys of its volumes as well.
///
/// @param regionKey made when it is first needed
record GroupKeys(Path regionKey) {
    /// @param tenant empty when the control plane does not say
    /// @return null for a group without a tenant
    @Nullable KeyWrapper of(String tenant) {
        return tenant.isEmpty() ? null : FileRegionKey.openOrMake(regionKey).ofTenant(tenant);
    }
}
