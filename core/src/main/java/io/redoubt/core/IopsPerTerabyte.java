// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.core;

/// The speed of a storage class: operations per second for each terabyte ordered, 1 TB = 1024 GB (requirements A58 to A67, X1).
public record IopsPerTerabyte(long rate) {
    private static final int GIGABYTE_SHIFT = 30;
    private static final long GIGABYTES_OF_A_TERABYTE = 1024;

    public IopsPerTerabyte {
        if (rate < 1) {
            throw new IllegalArgumentException("a class has at least 1 IOPS per TB; got " + rate);
        }
    }

    /// The cap of a datastore of this size: floor(rate × GB / 1024); at least 1, so that none is ever stuck. Parts of a GB count nothing.
    public Rate over(Bytes size) {
        long gigabytes = size.value() >>> GIGABYTE_SHIFT;
        return Rate.iops(
                Math.max(1, Math.multiplyExact(rate, gigabytes) / GIGABYTES_OF_A_TERABYTE));
    }
}
