// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import io.redoubt.core.port.DiskFile;
import io.redoubt.storage.block.ForwardingFile;
import java.nio.ByteBuffer;

/// A file in the middle of whose calls, once, somebody else comes by.
final class MetFile extends ForwardingFile {
    volatile Runnable afterRead = MetFile::nobody;
    volatile Runnable beforeWrite = MetFile::nobody;

    MetFile(DiskFile next) {
        super(next);
    }

    private static void nobody() {}

    @Override
    public int read(long offset, ByteBuffer into) {
        int count = super.read(offset, into);
        Runnable met = afterRead;
        afterRead = MetFile::nobody;
        met.run();
        return count;
    }

    @Override
    public void write(long offset, ByteBuffer from) {
        Runnable met = beforeWrite;
        beforeWrite = MetFile::nobody;
        met.run();
        super.write(offset, from);
    }
}
