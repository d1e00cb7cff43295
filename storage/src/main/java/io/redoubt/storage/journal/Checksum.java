// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/// CRC32C, the one checksum of the log, the runs, the manifest and the stream.
public final class Checksum {
    private Checksum() {}

    /// Of the buffer from its position to its limit, which it leaves as they were.
    public static int of(ByteBuffer data) {
        var crc = new CRC32C();
        crc.update(data.duplicate());
        return (int) crc.getValue();
    }

    public static int of(ByteBuffer data, int from, int length) {
        return of(data.slice(from, length));
    }
}
