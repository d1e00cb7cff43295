// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.storage;

import io.redoubt.control.web.Page;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/// What can be ordered as a datastore.
@RestController
class StorageClassResource {
    /// @param sku             with `(region)` where the region's name stands; null for what is not sold
    /// @param iopsPerTerabyte 1 TB = 1024 GB; null for a class without limit or commitment
    /// @param iopsCeiling     what its hardware does at most, whatever the size; not applied
    record StorageClassView(
            String name,
            @Nullable String sku,
            @Nullable Long iopsPerTerabyte,
            long leastBytes,
            long unitBytes,
            @Nullable Long iopsCeiling,
            @Nullable Long bytesPerSecondCeiling) {}

    @GetMapping("/v1/storage-classes")
    Page<StorageClassView> listStorageClasses() {
        return new Page<>(
                Arrays.stream(StorageClass.values()).map(StorageClassResource::view).toList(),
                null);
    }

    private static StorageClassView view(StorageClass one) {
        return new StorageClassView(
                one.label(),
                one.sku("(region)").orElse(null),
                filled(one.iopsPerTerabyte()),
                one.least().value(),
                one.unit().value(),
                filled(one.ceiling().iops()),
                filled(one.ceiling().bytesPerSecond()));
    }

    private static @Nullable Long filled(long number) {
        return number == 0 ? null : Long.valueOf(number);
    }
}
