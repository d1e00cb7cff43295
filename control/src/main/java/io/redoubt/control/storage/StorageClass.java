// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.storage;

import io.redoubt.core.Bytes;
import io.redoubt.core.IopsPerTerabyte;
import io.redoubt.core.Rate;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The classes of datastores: catalogue data. All units are binary, 1 TB = 1024 GB (requirement X1).
enum StorageClass {
    ESSENTIAL("live", 500, 500, 1, 10_000, 512),
    STANDARD("medium", 1_500, 500, 1, 30_000, 1024),
    PREMIUM("premium", 3_000, 500, 1, 30_000, 1024),
    ENTERPRISE("enterprise", 7_500, 500, 1, 30_000, 1024),
    ULTRA("ultra", 15_000, 500, 1, 30_000, 1024),
    /// Sold by whole terabytes, without a performance commitment; 1 TB is above the smallest 500 GB.
    MASS("mass", 0, 1024, 1024, 30_000, 1024),
    /// For trying things out: neither limit nor commitment, and any size from 1 GB on.
    LAB("", 0, 1, 0, 0, 0);

    private static final long SECTOR = 512;

    private final String article;
    private final long iopsPerTerabyte;
    private final long leastGibibytes;
    private final long unitGibibytes;
    private final long iopsCeiling;
    private final long mebibytesPerSecondCeiling;

    /// @param unitGibibytes   0: by the sector
    /// @param iopsCeiling     what the hardware of the class does at most, whatever the size (requirement U1); not applied by default
    StorageClass(
            String article,
            long iopsPerTerabyte,
            long leastGibibytes,
            long unitGibibytes,
            long iopsCeiling,
            long mebibytesPerSecondCeiling) {
        this.article = article;
        this.iopsPerTerabyte = iopsPerTerabyte;
        this.leastGibibytes = leastGibibytes;
        this.unitGibibytes = unitGibibytes;
        this.iopsCeiling = iopsCeiling;
        this.mebibytesPerSecondCeiling = mebibytesPerSecondCeiling;
    }

    /// @throws IllegalArgumentException with the names that there are
    static StorageClass named(@Nullable String name) {
        if (name == null) {
            return LAB;
        }
        return Arrays.stream(values())
                .filter(one -> one.label().equals(name))
                .findFirst()
                .orElseThrow(() ->
                        new IllegalArgumentException(
                                "class '%s' is not in the catalogue; there are %s"
                                        .formatted(
                                                name,
                                                Arrays.stream(values())
                                                        .map(StorageClass::label)
                                                        .collect(Collectors.joining(", ")))));
    }

    String label() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }

    /// What it is ordered under; empty for what is not sold.
    Optional<String> sku(String region) {
        return article.isEmpty()
                ? Optional.empty()
                : Optional.of("csp:%s:iaas:storage:bloc:%s:v1".formatted(region, article));
    }

    /// Zero for a class without limit.
    long iopsPerTerabyte() {
        return iopsPerTerabyte;
    }

    /// Encrypted and checked.
    boolean isSealed() {
        return this != LAB;
    }

    Bytes least() {
        return Bytes.gibibytes(leastGibibytes);
    }

    Bytes unit() {
        return new Bytes(Math.max(SECTOR, unitGibibytes << 30));
    }

    /// Zero for none.
    Rate ceiling() {
        return new Rate(iopsCeiling, mebibytesPerSecondCeiling << 20);
    }

    /// What a datastore of this size may do; empty for a class without limit.
    Optional<Rate> rateOf(Bytes size) {
        return iopsPerTerabyte == 0
                ? Optional.empty()
                : Optional.of(new IopsPerTerabyte(iopsPerTerabyte).over(size));
    }

    /// @throws IllegalArgumentException with the numbers
    void requireSize(long sizeBytes) {
        Bytes least = least();
        if (sizeBytes < least.value()) {
            throw new IllegalArgumentException(
                    "a datastore of class %s has at least %s, not %s"
                            .formatted(label(), least, new Bytes(Math.max(0, sizeBytes))));
        }
        Bytes unit = unit();
        if (sizeBytes % unit.value() != 0) {
            throw new IllegalArgumentException(
                    "class %s is sold in units of %s; %s is not a multiple of it"
                            .formatted(label(), unit, new Bytes(sizeBytes)));
        }
    }
}
