// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;

/// The memory of one connection. It is handed on to the next one, so that peers who come and go by the thousand leave nothing for the
/// garbage collector, which does not hurry for memory outside of the heap.
///
/// @param in  of [Inbox#BYTES]
/// @param out replies of the connection's own thread
record Buffers(ByteBuffer in, ByteBuffer out) {
    private static final int OUT_BYTES = 260 << 10;
    private static final int PAGE =
            4096; // the kernel copies faster between places of one alignment
    private static final int KEPT_MAX = 16;
    private static final ArrayBlockingQueue<Buffers> FREE = new ArrayBlockingQueue<>(KEPT_MAX);

    static Buffers take() {
        Buffers free = FREE.poll();
        return free != null ? free : new Buffers(direct(Inbox.BYTES), direct(OUT_BYTES));
    }

    private static ByteBuffer direct(int bytes) {
        return ByteBuffer.allocateDirect(bytes + PAGE).alignedSlice(PAGE).slice(0, bytes);
    }

    /// Only when nobody uses them any more.
    void giveBack() {
        boolean _ = FREE.offer(this);
    }
}
