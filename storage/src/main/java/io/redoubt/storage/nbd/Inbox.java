// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.nbd;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;

/// The bytes that a peer sent and nobody took yet. One receive brings as much as there is.
final class Inbox {
    /// So much of a payload can be here at once.
    static final int PAYLOAD = 256 << 10;

    static final int BYTES = PAYLOAD + 4096;

    private final Link link;
    private final Patience patience;
    private final ByteBuffer buffer;
    private final Polling polling = new Polling();
    private final Gathering gathering = new Gathering();

    /// @param buffer of [#BYTES], its content is of no use
    Inbox(Link link, Patience patience, ByteBuffer buffer) {
        this.link = link;
        this.patience = patience;
        this.buffer = buffer.clear().limit(0);
    }

    /// Positioned at the next byte, limited after the last one received. Big-endian, as the protocol is.
    ByteBuffer buffer() {
        return buffer;
    }

    boolean has(int count) {
        return buffer.remaining() >= count;
    }

    /// Waits for the first byte of a message as long as it takes, then for `count` bytes as long as patience lasts.
    ///
    /// @return false when the peer ended before the first byte
    boolean awaitMessage(int count) throws IOException {
        if (!buffer.hasRemaining()) {
            int got = link.read(buffer.clear());
            buffer.flip();
            if (got < 0) {
                return false;
            }
        }
        require(count);
        return true;
    }

    /// The same for a request. A peer on this host is looked for before we sleep, or left alone for a moment, as it pays.
    ///
    /// @param alone  takes nothing beyond its head for now
    /// @param single the last one came alone
    boolean awaitRequest(boolean alone, boolean single) throws IOException {
        if (!buffer.hasRemaining()) {
            buffer.clear().limit(alone ? Wire.REQUEST_BYTES : buffer.capacity());
            int got = link.descriptor() < 0 ? link.read(buffer) : awaitLocal(single);
            buffer.flip();
            if (got < 0) {
                return false;
            }
        }
        require(Wire.REQUEST_BYTES);
        return true;
    }

    private int awaitLocal(boolean single) throws IOException {
        gathering.pause();
        int got = single && !gathering.isPausing() ? lookOrWait() : link.read(buffer);
        if (got > 0 && gathering.asks()) {
            gathering.found(got, link.hasUntaken());
        }
        return got;
    }

    // Error Prone: a yield promises nothing. Here it only makes looking cheaper for others.
    @SuppressWarnings("ThreadPriorityCheck")
    private int lookOrWait() throws IOException {
        long start = System.nanoTime();
        int got = 0;
        if (polling.begin()) {
            try {
                got = link.poll(buffer);
                while (got == 0 && !polling.isOver(System.nanoTime() - start)) {
                    Thread.yield(); // the peer may need this processor
                    got = link.poll(buffer);
                }
            } finally {
                polling.end();
            }
        }
        if (got == 0) {
            got = link.read(buffer);
        }
        polling.waited(System.nanoTime() - start);
        return got;
    }

    /// Waits until `count` bytes of a message that has begun are here.
    void require(int count) throws IOException {
        if (buffer.remaining() >= count) {
            return;
        }
        patience.begin();
        buffer.compact();
        try {
            while (buffer.position() < count) {
                if (link.read(buffer) < 0) {
                    throw new EOFException("the peer ended in the middle of a message");
                }
            }
        } finally {
            buffer.flip();
            patience.end();
        }
    }

    /// At least one and at most `max` bytes of the message that has begun.
    int requireSome(long max) throws IOException {
        require(1);
        return (int) Math.min(max, buffer.remaining());
    }

    /// Each 256 KiB of it must come as long as patience lasts, not each byte.
    void skip(long count) throws IOException {
        long left = count;
        while (left > 0) {
            require((int) Math.min(PAYLOAD, left));
            int some = requireSome(left);
            buffer.position(buffer.position() + some);
            left -= some;
        }
    }
}
