// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import io.redoubt.core.VolumeId;
import io.redoubt.storage.block.BlockDevice;
import io.redoubt.storage.block.Range;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;

/// A volume in memory that counts its flushes.
class MemoryDevice implements BlockDevice {
    static final VolumeId ID = new VolumeId("memory");

    final byte[] bytes;
    final AtomicInteger flushes = new AtomicInteger();

    MemoryDevice(byte[] bytes) {
        this.bytes = bytes;
    }

    @Override
    public long size() {
        return bytes.length;
    }

    @Override
    public void read(long offset, ByteBuffer into) {
        Range.require(ID, offset, into.remaining(), bytes.length);
        into.put(bytes, (int) offset, into.remaining());
    }

    @Override
    public void write(long offset, ByteBuffer from) {
        Range.require(ID, offset, from.remaining(), bytes.length);
        from.get(bytes, (int) offset, from.remaining());
    }

    @Override
    public void zero(long offset, long length) {
        Range.require(ID, offset, length, bytes.length);
        Arrays.fill(bytes, (int) offset, (int) (offset + length), (byte) 0);
    }

    @Override
    public void flush() {
        flushes.incrementAndGet();
    }

    @Override
    public void close() {}
}
