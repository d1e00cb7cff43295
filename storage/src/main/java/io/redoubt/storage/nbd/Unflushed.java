// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;

/// The changes that a server has acknowledged and no flush has covered yet, in their order: whoever comes back after a cut may be a server
/// that lost them with its power, so they are sent again before anything else.
///
/// Durable writes are kept, too: they must come after the older ones that are sent again.
final class Unflushed {
    /// Past either, the client flushes by itself before it goes on.
    private static final long BYTES_MAX = 16 << 20;

    private static final int COUNT_MAX = 4096;

    /// @param data of a write, `length` bytes; empty for a zeroing
    record Change(long offset, long length, ByteBuffer data) {
        boolean isWrite() {
            return data.hasRemaining();
        }
    }

    private final ArrayDeque<Change> changes = new ArrayDeque<>();
    private long bytes;

    boolean hasRoomFor(long length) {
        return changes.size() < COUNT_MAX && bytes + length <= BYTES_MAX;
    }

    void wrote(long offset, ByteBuffer data) {
        ByteBuffer copy = ByteBuffer.allocate(data.remaining()).put(data.duplicate()).flip();
        changes.add(new Change(offset, copy.remaining(), copy));
        bytes += copy.remaining();
    }

    void zeroed(long offset, long length) {
        changes.add(new Change(offset, length, ByteBuffer.allocate(0)));
    }

    Iterable<Change> changes() {
        return changes;
    }

    void flushed() {
        changes.clear();
        bytes = 0;
    }
}
