// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import io.redoubt.core.port.Disk;
import io.redoubt.core.port.DiskFile;
import java.nio.ByteBuffer;

/// How far the log is known to be durable, beside the log: it tells damage of the last records from a torn tail.
///
/// Written after each sync of the log has returned, and never synced itself: what it says was true before it was written, so an old
/// one, which a power loss may leave, says too little and never too much. Two copies in turn; a torn one does not count.
final class DurableMark implements AutoCloseable {
    static final String NAME = "durable";
    private static final int COPY_DISTANCE = 512;
    private static final int COPY = 16;

    private final DiskFile file;
    private long lsn;
    private boolean second;

    DurableMark(Disk disk) {
        file = disk.exists(NAME) ? disk.open(NAME) : disk.create(NAME);
        file.allocate(COPY_DISTANCE + COPY); // so that no mark ever finds the disk full
        ByteBuffer bytes = bytes(file);
        long first = copy(bytes, 0);
        long other = copy(bytes, COPY_DISTANCE);
        lsn = Math.max(first, other);
        second = first >= other;
    }

    /// What the mark of this directory says, 0 without one.
    static long of(Disk disk) {
        if (!disk.exists(NAME)) {
            return 0;
        }
        try (DiskFile file = disk.open(NAME)) {
            ByteBuffer bytes = bytes(file);
            return Math.max(copy(bytes, 0), copy(bytes, COPY_DISTANCE));
        }
    }

    private static ByteBuffer bytes(DiskFile file) {
        ByteBuffer bytes = LogRecord.buffer(COPY_DISTANCE + COPY);
        file.read(0, bytes);
        return bytes;
    }

    private static long copy(ByteBuffer bytes, int at) {
        return bytes.getLong(at) == ~bytes.getLong(at + 8) ? bytes.getLong(at) : 0;
    }

    /// Every record up to here was durable once.
    long lsn() {
        return lsn;
    }

    void durable(long upTo) {
        if (upTo > lsn) {
            ByteBuffer copy = LogRecord.buffer(COPY).putLong(upTo).putLong(~upTo).flip();
            file.write(second ? COPY_DISTANCE : 0, copy);
            second = !second;
            lsn = upTo;
        }
    }

    @Override
    public void close() {
        file.close();
    }
}
