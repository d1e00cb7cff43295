// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.process;

import io.redoubt.storage.block.BlockDevice;
import java.nio.ByteBuffer;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;

/// A disk that lets some writes wait: whoever came later may pass, unless the splitter forbids it; and a process that is killed is nearly
/// always killed between a write's number and its end.
record Lingering(BlockDevice disk, int nanosMax) implements BlockDevice {
    private void linger() {
        var random = ThreadLocalRandom.current();
        if (nanosMax > 0 && random.nextInt(3) == 0) {
            LockSupport.parkNanos(random.nextInt(nanosMax));
        }
    }

    @Override
    public long size() {
        return disk.size();
    }

    @Override
    public void read(long offset, ByteBuffer into) {
        disk.read(offset, into);
    }

    @Override
    public void write(long offset, ByteBuffer from) {
        linger();
        disk.write(offset, from);
    }

    @Override
    public void zero(long offset, long length) {
        linger();
        disk.zero(offset, length);
    }

    @Override
    public void flush() {
        disk.flush();
    }

    @Override
    public void close() {
        disk.close();
    }
}
